"""The two legs of a search over one table: by keyword and by vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from citeward.contracts.retrieval import Vector
from citeward.retrieval.fusion import candidates
from citeward.retrieval.lancedb.rows import PASSAGE, passage
from citeward.retrieval.lancedb.vectors import reach
from citeward.retrieval.legs import Leg


async def keyword_leg(table: Any, terms: Sequence[str], condition: str | None, limit: int) -> Leg:
    """Passages that share a term with the query, by BM25."""
    from lancedb.query import MatchQuery

    # pydantic's own dataclass defaults, spelled with Field, are no defaults to a type checker.
    match = MatchQuery(" ".join(terms), "words")  # type: ignore[call-arg]
    found = await _rows(table.query().nearest_to_text(match).select([*PASSAGE, "_score"]), condition, limit)
    return Leg(
        passages={row["id"]: passage(row) for row in found}, scores={row["id"]: float(row["_score"]) for row in found}
    )


async def vector_leg(table: Any, vector: Vector, condition: str | None, limit: int) -> Leg:
    """The nearest passages, by cosine similarity."""
    nearest = table.query().nearest_to(vector).column("vector").distance_type("cosine")
    # The index sees vectors scaled to bytes: what it finds is compared again by the vectors themselves.
    exact = nearest.ef(reach(candidates(limit))).refine_factor(1)
    found = await _rows(exact.select([*PASSAGE, "_distance"]), condition, limit)
    return Leg(
        passages={row["id"]: passage(row) for row in found},
        scores={row["id"]: 1 - float(row["_distance"]) for row in found},
    )


async def _rows(search: Any, condition: str | None, limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await (
        (search.where(condition) if condition else search).limit(candidates(limit)).to_list()
    )
    return rows
