"""The semantic cache measured alone: which pairs of questions would share an answer, and should they?

A pair is a hit where the cosine of its questions reaches the threshold and no check objects.

- hits: pairs that are the same and hit.
- misses: pairs that are the same and do not hit; each costs a computation.
- false_hits: hits whose answers differ. It depends on the mix of the data: as many unlike pairs as real use has.
- unchecked.hits, unchecked.false_hits: the same by the threshold alone.
- threshold: learned on one half of the pairs, drawn at random, for the error bound.
- bound: upper end of the 95 % interval of the false hits at that threshold, in that half.
- learned.hits, learned.false_hits: at that threshold in the other half, which it was not learned from.

The settings hold the counts of both halves, as `learned` and `held_out`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from citeward.cache.safety import conflict
from citeward.cache.threshold import Learned, Scored, fewest, learn, upper_bound
from citeward.contracts.retrieval import Embedder
from citeward.evals.dataset import Line, read_jsonl, sample
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.evals.statistics import Interval, proportion

_AT_ONCE = 64


class CacheItem(Line):
    """One line of the data."""

    a: str = Field(min_length=1)
    b: str = Field(min_length=1)
    same: Literal[0, 1]
    """1 where one answer serves both."""


@dataclass(frozen=True, kw_only=True)
class _Judged:
    similarity: float
    same: bool
    reason: str
    """Of the check that objects; empty where none does."""


async def measure_cache(
    path: Path,
    *,
    embedder: Embedder,
    threshold: float | None,
    error_bound: float,
    check: Callable[[str, str], str] = conflict,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Compare every pair of the file as the cache would.

    Args:
        path: JSON Lines {a, b, same}.
        embedder: Compares the questions.
        threshold: Least cosine of a hit; None where there is none yet, which leaves the learned one.
        error_bound: For which a threshold is learned.
        check: The reason why two questions must not share an answer, or an empty text.
        limit: Pairs to draw; None takes all.
        seed: Of the drawing and of the split.
        progress: Told after each batch of pairs.

    Raises:
        DataError: With file and line.
    """
    items = sample(read_jsonl(path, CacheItem), limit, seed)
    judged: list[_Judged] = []
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        vectors = await embedder.embed([text for item in some for text in (item.a, item.b)], queries=True)
        cosines = np.einsum("nd,nd->n", vectors[::2], vectors[1::2])
        judged += [
            _Judged(similarity=float(cosine), same=bool(item.same), reason=check(item.a, item.b))
            for item, cosine in zip(some, cosines, strict=True)
        ]
        if progress is not None:
            progress(len(judged), len(items))
    metrics = {} if threshold is None else _shown(threshold, judged)
    learned, rest = _split(judged, error_bound, seed)
    if learned is not None:
        metrics["threshold"] = _exactly(learned.threshold)
        metrics["bound"] = _exactly(learned.bound)
        metrics |= {f"learned.{name}": found for name, found in _at(learned.threshold, rest).items()}
    settings: dict[str, Any] = {
        "data": path.name,
        "same": sum(item.same for item in items),
        "embedder": embedder.name,
        "threshold": threshold,
        "error_bound": error_bound,
        "seed": seed,
        "objections": dict(Counter(one.reason for one in judged if one.reason).most_common()),
    }
    if learned is not None:
        settings["learned"] = asdict(learned)
        settings["held_out"] = _held_out(learned.threshold, rest)
    else:
        settings["not_learned"] = (
            f"no threshold holds {error_bound:g}: it takes {fewest(error_bound)} hits in half of the pairs, "
            "more where some of them are wrong"
        )
    return Measurement(part="cache", items=len(items), metrics=metrics, settings=settings)


def _shown(threshold: float, judged: Sequence[_Judged]) -> dict[str, Interval]:
    metrics = _at(threshold, judged)
    metrics |= {f"unchecked.{name}": found for name, found in _at(threshold, judged, checked=False).items()}
    metrics.pop("unchecked.misses", None)
    return metrics


def _held_out(threshold: float, rest: Sequence[_Judged]) -> dict[str, Any]:
    """Counts at the threshold among pairs that it was not learned from, and the upper end of the 95 % interval."""
    hits = [one for one in rest if one.similarity >= threshold and not one.reason]
    false = sum(not one.same for one in hits)
    return {"pairs": len(rest), "hits": len(hits), "false_hits": false, "bound": upper_bound(false, len(hits))}


def _at(threshold: float, judged: Sequence[_Judged], *, checked: bool = True) -> dict[str, Interval]:
    """A share over nothing is left out: hits where no pair is the same, false hits where there is no hit."""
    hits = [one for one in judged if one.similarity >= threshold and not (checked and one.reason)]
    right, same = sum(one.same for one in hits), sum(one.same for one in judged)
    metrics = {}
    if same:
        metrics["hits"] = proportion(right, same)
    if hits:
        metrics["false_hits"] = proportion(len(hits) - right, len(hits))
    if same:
        metrics["misses"] = proportion(same - right, same)
    return metrics


def _split(judged: Sequence[_Judged], error_bound: float, seed: int) -> tuple[Learned | None, list[_Judged]]:
    """What one half teaches, and the other half."""
    order = list(range(len(judged)))
    random.Random(seed).shuffle(order)
    half = len(order) // 2
    taught = (judged[place] for place in order[:half])
    pairs = [Scored(similarity=one.similarity, same=one.same) for one in taught if not one.reason]
    return learn(pairs, error_bound), [judged[place] for place in order[half:]]


def _exactly(value: float) -> Interval:
    """A figure that was chosen, not estimated."""
    return Interval(value=value, low=value, high=value)
