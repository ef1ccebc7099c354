"""Two ranked lists become one. Pure, and shared by every store, so that all of them rank alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citeward.contracts.retrieval import Fusion

_MISSING = float("-inf")
RANK_CONSTANT = 60
"""k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


@dataclass(frozen=True, kw_only=True)
class Fused:
    """One passage after fusion."""

    id: str
    score: float
    """0..1 under RELATIVE; under RANKED at most 1 / (k + 1)."""
    keyword: float | None
    """The raw score of the keyword leg; None where it did not find the passage."""
    vector: float | None


def candidates(limit: int) -> int:
    """How many hits each leg is asked for, where `limit` passages are wanted in the end."""
    return max(100, limit)


def fuse(
    keyword: Mapping[str, float], vector: Mapping[str, float], *, alpha: float, fusion: Fusion = Fusion.RELATIVE
) -> list[Fused]:
    """All passages of both legs, best first.

    RELATIVE scales each leg's scores to 0..1 between its worst and its best candidate and adds them by weight; one hit,
    or a leg whose scores are all equal, gets the full weight; a passage that a leg did not find gets 0 from it. RANKED
    adds weight / (60 + rank), ranks from 1. Equal passages are ordered by the other leg's score, then by id, so that
    the same search gives the same order every time.

    Args:
        keyword: Raw score by passage id, higher is better.
        vector: Likewise.
        alpha: Weight of the vector leg, 0..1; the keyword leg weighs the rest.
        fusion: How scores are made comparable.

    >>> [(f.id, f.score) for f in fuse({"a": 9.0, "b": 3.0}, {"b": 0.8, "c": 0.2}, alpha=0.5)]
    [('a', 0.5), ('b', 0.5), ('c', 0.0)]
    """
    scale = _relative if fusion is Fusion.RELATIVE else _ranked
    lexical, semantic = scale(keyword, vector), scale(vector, keyword)
    fused = [
        Fused(
            id=key,
            score=(1 - alpha) * lexical.get(key, 0.0) + alpha * semantic.get(key, 0.0),
            keyword=keyword.get(key),
            vector=vector.get(key),
        )
        for key in {**keyword, **vector}
    ]
    # The heavier leg's raw score first: scaling may round two scores to one, and then that leg still decides.
    first, second = (vector, keyword) if alpha > 0.5 else (keyword, vector)
    return sorted(fused, key=lambda f: (-f.score, -first.get(f.id, _MISSING), -second.get(f.id, _MISSING), f.id))


def _relative(leg: Mapping[str, float], _other: Mapping[str, float]) -> dict[str, float]:
    if not leg:
        return {}
    low, high = min(leg.values()), max(leg.values())
    spread = high - low
    return {key: (score - low) / spread if spread > 0 else 1.0 for key, score in leg.items()}


def _ranked(leg: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    order = sorted(leg, key=lambda key: (-leg[key], -other.get(key, _MISSING), key))
    return {key: 1 / (RANK_CONSTANT + rank) for rank, key in enumerate(order, start=1)}
