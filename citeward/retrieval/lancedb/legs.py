"""The two legs of a search over one version of a table, and their passages.

A leg brings rows' numbers and scores only: reading the passages of all candidates would take longer than finding them.
What both legs' best come to is read once, by number, from the same version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citeward.contracts.retrieval import Fusion, Hit, Passage, Vector
from citeward.retrieval.fusion import candidates, fuse
from citeward.retrieval.lancedb.rows import PASSAGE, passage
from citeward.retrieval.lancedb.vectors import reach
from citeward.retrieval.legs import Leg, hits

Scores = Mapping[str, float]
"""Higher is better, by the row's number as text."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the legs' finds are made one list; see `citeward.contracts.retrieval.Retriever`."""

    alpha: float
    fusion: Fusion
    limit: int
    degraded: bool


async def search_legs(
    table: Any, terms: Sequence[str], vector: Vector | None, condition: str | None, asked: Asked
) -> list[Hit]:
    """The best passages, best first.

    Args:
        table: Of one version, for both legs.
        terms: Empty where the keyword leg is not searched.
        vector: None where the vector leg is not.
        condition: As `where` makes it.
        asked: What was asked for.
    """
    # Both legs wait on native threads, so they run side by side.
    keyword, nearest = await asyncio.gather(
        keyword_leg(table, terms, condition, asked.limit) if terms else _nothing(),
        vector_leg(table, vector, condition, asked.limit) if vector is not None else _nothing(),
    )
    return await _hits(table, keyword, nearest, asked)


async def keyword_leg(table: Any, terms: Sequence[str], condition: str | None, limit: int) -> Scores:
    """Passages that share a term with the query, by BM25."""
    from lancedb.query import MatchQuery

    # pydantic's own dataclass defaults, spelled with Field, are no defaults to a type checker.
    match = MatchQuery(" ".join(terms), "words")  # type: ignore[call-arg]
    return dict(await _scores(table.query().nearest_to_text(match), "_score", condition, limit))


async def vector_leg(table: Any, vector: Vector, condition: str | None, limit: int) -> Scores:
    """The nearest passages, by cosine similarity."""
    nearest = table.query().nearest_to(vector).column("vector").distance_type("cosine")
    # The index sees vectors scaled to bytes: what it finds is compared again by the vectors themselves.
    exact = nearest.ef(reach(candidates(limit))).refine_factor(1)
    return {row: 1 - distance for row, distance in await _scores(exact, "_distance", condition, limit)}


async def _hits(table: Any, keyword: Scores, vector: Scores, asked: Asked) -> list[Hit]:
    passages = await _passages(table, _best(keyword, vector, asked))
    names = {row: found.id for row, found in passages.items()}
    by_id = {found.id: found for found in passages.values()}
    return hits(
        Leg(passages=by_id, scores={names.get(row, row): score for row, score in keyword.items()}),
        Leg(passages=by_id, scores={names.get(row, row): score for row, score in vector.items()}),
        alpha=asked.alpha,
        fusion=asked.fusion,
        limit=asked.limit,
        degraded=asked.degraded,
    )


async def _nothing() -> Scores:
    return {}


def _best(keyword: Scores, vector: Scores, asked: Asked) -> list[str]:
    """The rows to read: the best, and those equal to the last of them, as only ids part equals."""
    fused = fuse(keyword, vector, alpha=0.0 if asked.degraded else asked.alpha, fusion=asked.fusion)
    end = min(asked.limit, len(fused))
    while 0 < end < len(fused) and _rank(fused[end]) == _rank(fused[end - 1]):
        end += 1
    return [one.id for one in fused[:end]]


def _rank(fused: Any) -> tuple[float, float | None, float | None]:
    return fused.score, fused.keyword, fused.vector


async def _passages(table: Any, rows: Iterable[str]) -> dict[str, Passage]:
    numbers = [int(row) for row in rows]
    if not numbers:
        return {}
    found = await table.take_row_ids(numbers).select([*PASSAGE]).with_row_id().to_list()
    return {str(row["_rowid"]): passage(row) for row in found}


async def _scores(search: Any, score: str, condition: str | None, limit: int) -> list[tuple[str, float]]:
    search = search.where(condition) if condition else search
    found = await search.select([score]).with_row_id().limit(candidates(limit)).to_arrow()
    return list(zip(map(str, found["_rowid"].to_pylist()), found[score].to_pylist(), strict=True))
