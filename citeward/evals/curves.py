"""Areas and points of a scorer's curves, weighted so that they can be bootstrapped.

Ties are one step: a scorer that gives everything the same score has an area of one half. The area under the
precision-recall curve is average precision, without interpolation (J. Davis, M. Goadrich, "The relationship between
precision-recall and ROC curves", *ICML* 2006).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from citeward.evals.statistics import Floats, Statistic

_Curve = Callable[[Floats, Floats], Floats]


def auc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> Statistic:
    """Area under the ROC curve: the chance that a positive item scores higher than a negative one."""

    def area(right: Floats, wrong: Floats) -> Floats:
        steps = np.diff(wrong, axis=1, prepend=0.0)
        heights = right - np.diff(right, axis=1, prepend=0.0) / 2
        total: Floats = (steps * heights).sum(axis=1) / (right[:, -1] * wrong[:, -1])
        return total

    return _curve(scores, labels, area)


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> Statistic:
    """Area under the precision-recall curve: precision where each positive item is found, averaged."""

    def area(right: Floats, wrong: Floats) -> Floats:
        taken = right + wrong
        precision = np.divide(right, taken, out=np.zeros_like(right), where=taken > 0)
        total: Floats = (np.diff(right, axis=1, prepend=0.0) * precision).sum(axis=1) / right[:, -1]
        return total

    return _curve(scores, labels, area)


def recall_at(false_positives: float, scores: npt.ArrayLike, labels: npt.ArrayLike) -> Statistic:
    """The most positive items found by a threshold at which at most this share of negative ones is taken too."""

    def point(right: Floats, wrong: Floats) -> Floats:
        allowed = wrong <= false_positives * wrong[:, -1:] + 1e-9
        found: Floats = np.where(allowed, right, 0.0).max(axis=1) / right[:, -1]
        return found

    return _curve(scores, labels, point)


def _curve(scores: npt.ArrayLike, labels: npt.ArrayLike, read: _Curve) -> Statistic:
    """`read` gets the weight of positive and of negative items taken at each distinct score, the highest first."""
    ranked = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-ranked, kind="stable")
    ranked = ranked[order]
    positive = np.asarray(labels, dtype=np.float64)[order]
    last_of_tie = np.append(ranked[1:] != ranked[:-1], True)

    def statistic(weights: Floats) -> Floats:
        sorted_weights = weights[:, order]
        right = np.cumsum(sorted_weights * positive, axis=1)[:, last_of_tie]
        wrong = np.cumsum(sorted_weights * (1 - positive), axis=1)[:, last_of_tie]
        with np.errstate(invalid="ignore", divide="ignore"):
            return read(right, wrong)

    return statistic
