"""Quality bought by calls of the larger model: points of the curve and the area under it, weighted for the bootstrap.

Prompts go to the larger model in the order of a score, the highest first; those of equal score go together, as if in
random order. The horizontal axis is the share of prompts that went, the vertical one the mean quality of the answers.

APGR, the average performance gap recovered, is the area between the curve and always-small as a share of the area
between always-large and always-small: 0.5 for a random order, more than 1 is possible where the small model is
sometimes the better one (I. Ong and others, "RouteLLM: learning to route LLMs with preference data", 2024, section 3;
there the curve has eleven points, here one for every prompt).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from citeward.evals.statistics import Floats, Statistic

_Read = Callable[[Floats, Floats, Floats], Floats]
"""From float64[r, g], the weight of each tie, the gain in it and the gain before it, to one value a sample."""


def apgr(scores: npt.ArrayLike, small: npt.ArrayLike, large: npt.ArrayLike) -> Statistic:
    """Average performance gap recovered; not a number where the large model is not better.

    >>> float(apgr([3, 2, 1], [0, 1, 1], [1, 1, 1])(np.ones((1, 3)))[0].round(3))
    0.833
    """

    def area(weight: Floats, gain: Floats, before: Floats) -> Floats:
        whole = gain.sum(axis=1)
        reached = (weight * (before + gain / 2)).sum(axis=1) / weight.sum(axis=1)
        share: Floats = np.divide(reached, whole, out=np.full_like(whole, np.nan), where=whole > 1e-12)
        return share

    return _ordered(scores, small, large, area)


def quality_at(share: float, scores: npt.ArrayLike, small: npt.ArrayLike, large: npt.ArrayLike) -> Statistic:
    """Mean quality where that share of the prompts, 0..1, goes to the larger model."""
    base = np.asarray(small, dtype=np.float64)

    def point(weight: Floats, gain: Floats, _before: Floats) -> Floats:
        total = weight.sum(axis=1, keepdims=True)
        until = np.cumsum(weight, axis=1)
        taken = np.clip(share * total - (until - weight), 0.0, weight)
        part = np.divide(taken, weight, out=np.zeros_like(weight), where=weight > 0)
        found: Floats = (part * gain).sum(axis=1) / total[:, 0]
        return found

    gained = _ordered(scores, small, large, point)

    def statistic(weights: Floats) -> Floats:
        found: Floats = (weights @ base) / weights.sum(axis=1) + gained(weights)
        return found

    return statistic


def calls_for(recovered: float, scores: npt.ArrayLike, small: npt.ArrayLike, large: npt.ArrayLike) -> Statistic:
    """The least share of calls at which that share of the quality gap, 0..1, is recovered (RouteLLM's CPT)."""

    def first(weight: Floats, gain: Floats, before: Floats) -> Floats:
        whole = gain.sum(axis=1, keepdims=True)
        total = weight.sum(axis=1)
        wanted = recovered * whole
        after = before + gain
        place = (after >= wanted - 1e-12).argmax(axis=1)
        rows = np.arange(len(place))
        needed = wanted[:, 0] - before[rows, place]
        within = np.divide(needed, gain[rows, place], out=np.zeros_like(needed), where=gain[rows, place] > 1e-12)
        until = np.cumsum(weight, axis=1)[rows, place] - weight[rows, place]
        calls = (until + np.clip(within, 0.0, 1.0) * weight[rows, place]) / total
        share: Floats = np.where(whole[:, 0] > 1e-12, calls, np.nan)
        return share

    return _ordered(scores, small, large, first)


def averaged(statistics: Sequence[Statistic]) -> Statistic:
    """The mean of several statistics: of several random orders, say, which one alone would leave to luck."""

    def statistic(weights: Floats) -> Floats:
        found: Floats = np.mean([one(weights) for one in statistics], axis=0)
        return found

    return statistic


def difference(a: Statistic, b: Statistic) -> Statistic:
    """a - b over the same items, which takes out what makes the items hard for both."""

    def statistic(weights: Floats) -> Floats:
        found: Floats = a(weights) - b(weights)
        return found

    return statistic


def _ordered(scores: npt.ArrayLike, small: npt.ArrayLike, large: npt.ArrayLike, read: _Read) -> Statistic:
    ranked = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-ranked, kind="stable")
    gain = (np.asarray(large, dtype=np.float64) - np.asarray(small, dtype=np.float64))[order]
    ranked = ranked[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))

    def statistic(weights: Floats) -> Floats:
        own = weights[:, order]
        weight = np.add.reduceat(own, starts, axis=1)
        gained = np.add.reduceat(own * gain, starts, axis=1)
        return read(weight, gained, np.cumsum(gained, axis=1) - gained)

    return statistic
