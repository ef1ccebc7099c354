"""`make bench`: quality and speed, peers side by side in one run.

    python -m benchmarks [--only embedding,retrieval,answers,tools] [--limit N | --full] [--seed N] [--json DIR]

The embedding benchmark needs nothing. The others need the public data in the folder that `CITEWARD_DATA` names, and are
skipped aloud without it. By default each takes as many items as LIMITS says, for about a quarter of an hour on two
cores; `--full` takes all of them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import datasets, embedding
from benchmarks.parts import Measured, measure
from citeward.errors import CitewardError
from citeward.evals.measure.measurement import write_json

LIMITS: Mapping[str, int | None] = {"retrieval": None, "answers": 400, "tools": 100}
"""Items of each data set; None takes all."""


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


def retrieval(data: Path, options: Options) -> Iterator[Measured]:
    for make in (datasets.xquad, datasets.anthropic_docs):
        yield _measure("retrieval", make(data, options.scratch / "retrieval"), options)


def answers(data: Path, options: Options) -> Iterator[Measured]:
    yield _measure("answers", datasets.xquad(data, options.scratch / "answers"), options)


def tools(data: Path, options: Options) -> Iterator[Measured]:
    options.scratch.joinpath("tools").mkdir(parents=True)
    for category in ("simple_python", "multiple", "parallel"):
        yield _measure("tools", datasets.bfcl(data, options.scratch / "tools", category), options)
    # All of them whatever the limit: a share of a few per cent needs many.
    yield _measure("tools", datasets.no_calls(data, options.scratch / "tools"), options, limited=False)


PARTS: Mapping[str, Callable[[Path, Options], Iterator[Measured]]] = {
    "retrieval": retrieval,
    "answers": answers,
    "tools": tools,
}
SHOWN = {
    "retrieval": (
        "keyword.mrr@10", "vector.mrr@10", "hybrid.mrr@10", "hybrid.recall@1", "hybrid.recall@5", "hybrid.ndcg@10",
        "hybrid-keyword.mrr@10", "hybrid-vector.mrr@10", "hybrid.ms.p50", "embed.ms.p50",
    ),
    "answers": ("gold", "gold_sentence", "refused", "cited", "quotes_found", "errors", "ms.p50", "ms.p99"),
    "tools": ("exact", "name", "false_calls", "ms.p50"),
}  # fmt: skip
"""What the summary repeats of each part."""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 1 where a part failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n\n")[0] if __doc__ else ""
    )
    parser.add_argument("--only", default="", help="of embedding, retrieval, answers, tools; separated by commas")
    parser.add_argument("--limit", type=int, help="items of each data set")
    parser.add_argument("--full", action="store_true", help="all items of every data set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="DIR", help="write each part's JSON there")
    given = parser.parse_args(arguments)
    known = ("embedding", *PARTS)
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
    if "embedding" in options.only:
        result = embedding.run()
        embedding.show(result)
        write_json(options.into / "embedding.json", result)
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
    _summarise(results)
    print(f"\n{time.monotonic() - started:.0f} s in all" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0


def _measure(part: str, dataset: datasets.Dataset, options: Options, *, limited: bool = True) -> Measured:
    limit = options.limit_of(part) if limited else None
    taken = "all items" if limit is None else f"at most {limit} items, drawn with seed {options.seed}"
    print(f"\n{part} on {dataset.name}: {taken}")
    return measure(part, dataset, options.into, limit=limit, seed=options.seed)


def _summarise(results: list[tuple[str, Measured]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not results:
        return
    table = Table("part", "data", "metric", title="summary", title_justify="left")
    table.add_column("value", justify="right")
    table.add_column("95% interval", justify="right")
    for part, measured in results:
        if measured.result is None:
            table.add_row(part, measured.dataset, "failed", "", "", style="red")
            continue
        for name in SHOWN[part]:
            found = measured.result["metrics"].get(name)
            if found:
                interval = f"{found['low']:.4f} – {found['high']:.4f}"
                table.add_row(part, measured.dataset, name, f"{found['value']:.4f}", interval)
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())
