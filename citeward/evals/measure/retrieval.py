"""Search measured alone: does the right document come first?

Documents are ranked by their best passage, each once. Over the first k of that ranking, with binary relevance:

- precision@k: relevant documents among the first k, divided by k.
- recall@k: relevant documents among the first k, divided by how many are relevant.
- mrr@k: one over the rank of the first relevant document; 0 where none is among the first k.
- ndcg@k: discounted gain, 1 / log2(rank + 1) a relevant document, divided by that of the best possible ranking
  (K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", *ACM TOIS* 20, 2002).

Each is a mean over questions. Latencies are of the search alone; the query's embedding is timed as `embed`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from citeward.contracts.retrieval import Embedder, Passage, Reranker, Store, Vector
from citeward.evals.measure.folder import Fill, read_folder
from citeward.evals.measure.measurement import Measurement, Progress, latency
from citeward.evals.statistics import Floats, Interval, means, paired_difference

DEPTHS = (1, 3, 5, 10, 20)
MEASURES = ("precision", "recall", "mrr", "ndcg")
COMPARED = ("recall@1", "mrr@10", "ndcg@10")
"""Measures that the systems are compared by, question by question."""
_SEVERAL = 100
"""Passages asked for where documents have several, so that 20 documents are among them."""

_Search: TypeAlias = Callable[[str, Vector], Awaitable[list[Passage]]]


async def measure_retrieval(
    folder: Path,
    *,
    store: Store,
    embedder: Embedder,
    fill: Fill,
    reranker: Reranker | None = None,
    alpha: float = 0.5,
    candidates: int = 20,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Fill an empty store with the folder's documents and ask it every question.

    Args:
        folder: With `documents.jsonl` and `questions.jsonl`.
        store: Empty; the caller removes it afterwards.
        embedder: For the questions.
        fill: Puts documents into `store`, with the same embedder; `filler` makes one.
        reranker: Measured as `rerank`, on top of hybrid search, where one is given.
        alpha: The vector leg's weight in hybrid search.
        candidates: Passages that the reranker gets, as the graph gives it; those below keep their order after them.
        limit: Questions to draw; None takes all.
        seed: Of drawing and of the bootstrap.
        progress: Told after each question.

    Returns:
        `SYSTEM.MEASURE@K` for the systems keyword, vector, hybrid (and rerank), `SYSTEM.ms.p50` and `.p99`,
        and differences such as `hybrid-keyword.mrr@10`, paired by question.
    """
    labelled = read_folder(folder, limit=limit, seed=seed)
    passages = await fill(labelled.documents)
    asked = DEPTHS[-1] if passages <= len(labelled.documents) else _SEVERAL

    def search(weight: float) -> _Search:
        async def run(question: str, vector: Vector) -> list[Passage]:
            hits = await store.search(question, vector if weight > 0 else None, alpha=weight, limit=asked)
            return [hit.passage for hit in hits]

        return run

    systems: dict[str, _Search] = {"keyword": search(0.0), "vector": search(1.0), "hybrid": search(alpha)}
    if reranker is not None:
        systems["rerank"] = _reranked(store, reranker, alpha=alpha, candidates=candidates, limit=asked)
    seconds: dict[str, list[float]] = {name: [] for name in ("embed", *systems)}
    rows: dict[str, list[Floats]] = {name: [] for name in systems}
    warm = labelled.questions[0].question
    for run in systems.values():
        await run(warm, (await embedder.embed([warm], queries=True))[0])
    for done, question in enumerate(labelled.questions, 1):
        started = time.perf_counter()
        vector = (await embedder.embed([question.question], queries=True))[0]
        seconds["embed"].append(time.perf_counter() - started)
        for name, run in systems.items():
            started = time.perf_counter()
            found = await run(question.question, vector)
            seconds[name].append(time.perf_counter() - started)
            ranking = list(dict.fromkeys(passage.document_id for passage in found))
            rows[name].append(judge(ranking, question.relevant))
        if progress is not None:
            progress(done, len(labelled.questions))
    metrics = _metrics({name: np.vstack(row) for name, row in rows.items()}, seed)
    for name, taken in seconds.items():
        metrics |= latency(taken, f"{name}.")
    return Measurement(
        part="retrieval",
        items=len(labelled.questions),
        metrics=metrics,
        settings={
            "data": folder.name,
            "documents": len(labelled.documents),
            "passages": passages,
            "embedder": embedder.name,
            "alpha": alpha,
            "seed": seed,
        },
    )


def judge(ranking: Sequence[str], relevant: Sequence[str]) -> Floats:
    """One question's measures: precision at every depth, then recall, mrr and ndcg likewise."""
    right = set(relevant)
    gains = np.zeros(DEPTHS[-1])
    for place, document_id in enumerate(ranking[: DEPTHS[-1]]):
        gains[place] = document_id in right
    discounts = 1 / np.log2(np.arange(2, DEPTHS[-1] + 2))
    depths = np.array(DEPTHS)
    found = np.cumsum(gains)[depths - 1]
    first = int(np.argmax(gains)) + 1 if gains.any() else DEPTHS[-1] + 1
    ideal = np.cumsum(discounts)[np.minimum(depths, len(right)) - 1]
    gained = np.cumsum(gains * discounts)[depths - 1]
    return np.concatenate(
        [found / depths, found / len(right), np.where(first <= depths, 1 / first, 0.0), gained / ideal]
    )


def _reranked(store: Store, reranker: Reranker, *, alpha: float, candidates: int, limit: int) -> _Search:
    async def run(question: str, vector: Vector) -> list[Passage]:
        hits = await store.search(question, vector, alpha=alpha, limit=max(limit, candidates))
        found = [hit.passage for hit in hits]
        return [*await reranker.rerank(question, found[:candidates], limit=candidates), *found[candidates:limit]]

    return run


def _metrics(tables: dict[str, Floats], seed: int) -> dict[str, Interval]:
    names = [f"{measure}@{depth}" for measure in MEASURES for depth in DEPTHS]
    metrics: dict[str, Interval] = {}
    for system, table in tables.items():
        metrics |= {f"{system}.{name}": found for name, found in zip(names, means(table, seed=seed), strict=True)}
    pairs = [("hybrid", "keyword"), ("hybrid", "vector")] + ([("rerank", "hybrid")] if "rerank" in tables else [])
    for better, base in pairs:
        for name in COMPARED:
            column = names.index(name)
            metrics[f"{better}-{base}.{name}"] = paired_difference(
                tables[better][:, column], tables[base][:, column], seed=seed
            )
    return metrics
