"""Search quality: Citeward beside LangChain and Haystack, over the same passages and vectors, by the same judge.

Citeward's figures are those of `citeward measure retrieval`, as its users run it, with MaxSim as the reranker. Peers
get exactly its passages with their titles and its vectors, and are asked for as many passages a leg as the command asks
for. Differences are paired by question; for them Citeward's search is repeated, see `systems`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus import write_corpus
from benchmarks.datasets import Dataset
from benchmarks.parts import Measured
from benchmarks.peers import run_peers
from benchmarks.systems import depth_of, search_all
from citeward.evals.measure.folder import Labelled, read_folder
from citeward.evals.measure.retrieval import DEPTHS, MEASURES, judge
from citeward.evals.statistics import Floats, Interval, means, paired_difference, quantile

NAMES = [f"{measure}@{depth}" for measure in MEASURES for depth in DEPTHS]
"""Of the judge's columns."""
SHOWN = ("precision@3", "recall@3", "mrr@3", "recall@1", "ndcg@10")
NOISE = 0.005
"""Of a measure when a search is repeated: the batch that a passage is embedded in changes its vector a little."""
OURS = ("keyword", "vector", "hybrid", "rerank")
"""Systems of `citeward measure retrieval`; `rerank` is there where the project has a reranker."""
PUBLISHED: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "anthropic_docs": {
        "published: vector search": {"precision@3": 0.428, "recall@3": 0.659, "mrr@3": 0.737},
        "published: LLM reranks": {"precision@3": 0.437, "recall@3": 0.693, "mrr@3": 0.865},
    }
}
"""What the data's authors report, with another embedder."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system's figures."""

    system: str
    metrics: Mapping[str, Interval]
    """By `mrr@3` and the like, and `ms.p50`, `ms.p99`; some may be missing."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One measure of ours, less that of the peers' best system."""

    system: str
    metric: str
    peer: str
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everyone over one data set."""

    dataset: str
    items: int
    passages: int
    rows: Sequence[Row]
    """Ours first."""
    differences: Sequence[Difference]
    titles: Sequence[str]
    """The peers, with their versions."""

    def to_dict(self) -> dict[str, Any]:
        metrics = {f"{row.system}.{name}": vars(found) for row in self.rows for name, found in row.metrics.items()} | {
            f"{one.system}-best_peer.{one.metric}": vars(one.interval) for one in self.differences
        }
        best = {f"{one.system}.{one.metric}": one.peer for one in self.differences}
        settings = {"data": self.dataset, "passages": self.passages, "peers": list(self.titles), "best_peer": best}
        return {"part": "retrieval-peers", "items": self.items, "metrics": metrics, "settings": settings}


def compare(dataset: Dataset, measured: Measured, scratch: Path, *, limit: int | None, seed: int) -> Comparison:
    """Put the peers beside what `citeward measure retrieval` gave.

    Args:
        dataset: The labelled folder.
        measured: What the command gave for it.
        scratch: A folder that the caller throws away.
        limit: Questions to draw; the same that the command was given.
        seed: Likewise.
    """
    assert measured.result is not None
    labelled = read_folder(dataset.path, limit=limit, seed=seed)
    searched = asyncio.run(search_all(labelled, scratch / "store"))
    corpus = searched.corpus
    peers = run_peers(write_corpus(corpus, scratch / "corpus"), depth=depth_of(corpus))
    tables = {f"citeward {name}": _judged(found, labelled) for name, found in searched.rankings.items()}
    rows = [_own_row(name, measured.result["metrics"]) for name in OURS]
    _tell_apart(rows, tables)
    others: dict[str, Floats] = {}
    for peer in peers:
        for name, answers in peer.systems.items():
            system = f"{peer.name} {name}"
            rankings = [[corpus.documents[found] for found in ranking] for ranking in answers.rankings]
            others[system] = _judged(rankings, labelled)
            rows.append(_row(system, others[system], answers.seconds, seed))
    return Comparison(
        dataset=dataset.name,
        items=len(labelled.questions),
        passages=len(corpus.documents),
        rows=[row for row in rows if row.metrics],
        differences=_differences(tables, others, seed),
        titles=[peer.title for peer in peers],
    )


def show(comparison: Comparison) -> None:
    """Two tables: every system's figures, and ours less the best peer's."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=110)
    title = f"retrieval on {comparison.dataset}: {comparison.items:,} questions, {comparison.passages:,} passages"
    caption = "95 % interval in grey, of MRR@3; ms of one search, embedding left out"
    table = Table("system", title="\n".join([title, *comparison.titles]), title_justify="left", caption=caption)
    for name in ("P@3", "R@3", "MRR@3", "", "R@1", "nDCG@10", "ms p50", "p99"):
        table.add_column(name, justify="right", no_wrap=True, style="dim" if not name else None)
    for row in comparison.rows:
        mrr = row.metrics["mrr@3"]
        cells = [_cell(row, name) for name in SHOWN]
        cells.insert(3, f"{mrr.low:.3f}–{mrr.high:.3f}")
        times = [f"{row.metrics[name].value:.1f}" if name in row.metrics else "" for name in ("ms.p50", "ms.p99")]
        table.add_row(row.system, *cells, *times, style="bold" if row.system.startswith("citeward") else None)
    for name, figures in PUBLISHED.get(comparison.dataset, {}).items():
        table.add_row(name, *(f"{figures[one]:.3f}" for one in SHOWN[:3]), style="italic")
    console.print(table)
    if not comparison.differences:
        return
    table = Table("ours", "measure", "best peer in it", title="difference, paired by question", title_justify="left")
    table.add_column("ours - peer", justify="right")
    table.add_column("95 % interval", justify="right")
    for one in comparison.differences:
        found = one.interval
        table.add_row(one.system, one.metric, one.peer, f"{found.value:+.4f}", f"{found.low:+.4f} – {found.high:+.4f}")
    console.print(table)


def _judged(rankings: Sequence[Sequence[str]], labelled: Labelled) -> Floats:
    """A row a question, a column a measure; documents are ranked by their best passage."""
    pairs = zip(rankings, labelled.questions, strict=True)
    return np.vstack([judge(list(dict.fromkeys(ranking)), question.relevant) for ranking, question in pairs])


def _own_row(name: str, metrics: Mapping[str, Mapping[str, float]]) -> Row:
    wanted = {measure: metrics.get(f"{name}.{measure}") for measure in (*NAMES, "ms.p50", "ms.p99")}
    return Row(
        system=f"citeward {name}", metrics={measure: Interval(**found) for measure, found in wanted.items() if found}
    )


def _tell_apart(rows: Sequence[Row], tables: Mapping[str, Floats]) -> None:
    """Say so where the repeated search did not give what the command gave: the differences are of the repeated one."""
    for row in rows:
        for metric in SHOWN if row.system in tables else ():
            repeated = float(tables[row.system][:, NAMES.index(metric)].mean())
            if metric in row.metrics and abs(repeated - row.metrics[metric].value) > NOISE:
                print(f"{row.system}: {metric} is {row.metrics[metric].value:.4f}, and {repeated:.4f} when repeated")


def _row(system: str, table: Floats, seconds: Sequence[float], seed: int) -> Row:
    metrics = dict(zip(NAMES, means(table, seed=seed), strict=True))
    times = [second * 1000 for second in seconds]
    return Row(system=system, metrics=metrics | {f"ms.p{p}": quantile(times, p / 100) for p in (50, 99)})


def _differences(ours: Mapping[str, Floats], others: Mapping[str, Floats], seed: int) -> list[Difference]:
    """Measure by measure against whichever system of the peers is best in it: the hardest comparison there is."""
    found = []
    for system in (name for name in ("citeward hybrid", "citeward rerank") if name in ours):
        for metric in SHOWN if others else ():
            column = NAMES.index(metric)
            best = max(others, key=lambda name: float(others[name][:, column].mean()))
            interval = paired_difference(ours[system][:, column], others[best][:, column], seed=seed)
            found.append(Difference(system=system, metric=metric, peer=best, interval=interval))
    return found


def _cell(row: Row, metric: str) -> str:
    return f"{row.metrics[metric].value:.3f}" if metric in row.metrics else ""
