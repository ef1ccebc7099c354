"""What the two legs of a search found, made one list of hits. Shared by every store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from citeward.contracts.retrieval import Fusion, Hit, Passage
from citeward.retrieval.fusion import fuse


@dataclass(frozen=True, kw_only=True)
class Leg:
    """What one leg found."""

    passages: Mapping[str, Passage] = field(default_factory=dict)
    """By id."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """By id, higher is better."""


async def no_leg() -> Leg:
    """A leg that is not searched."""
    return Leg()


def hits(keyword: Leg, vector: Leg, *, alpha: float, fusion: Fusion, limit: int, degraded: bool = False) -> list[Hit]:
    """The best `limit` passages of both legs, best first.

    Args:
        keyword: Empty where it was not searched or found nothing.
        vector: Likewise.
        alpha: Weight of the vector leg as it was asked for; where `degraded`, the keyword leg gets all of it.
        fusion: How the legs' scores are made one.
        limit: 1..1000.
        degraded: The vector leg was asked for and could not be searched.
    """
    found = {**keyword.passages, **vector.passages}
    fused = fuse(keyword.scores, vector.scores, alpha=0.0 if degraded else alpha, fusion=fusion)[:limit]
    return [
        Hit(
            passage=replace(found[one.id], score=one.score),
            score=one.score,
            keyword_score=one.keyword,
            vector_score=one.vector,
            degraded=degraded,
        )
        for one in fused
    ]
