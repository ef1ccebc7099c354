"""Intervals: every figure that Citeward prints says how sure it is.

Sources:

- Bootstrap, percentile and BCa intervals: B. Efron, R. Tibshirani, *An Introduction to the Bootstrap* (1993),
  chapters 13 and 14.
- Score interval of a proportion: E. B. Wilson, "Probable inference, the law of succession, and statistical
  inference", *JASA* 22 (1927).
- Interval of a quantile from order statistics: W. J. Conover, *Practical Nonparametric Statistics* (1999), 3.2.

Everything is deterministic: the same values and seed give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from citeward.errors import InvalidInput

Floats: TypeAlias = npt.NDArray[np.float64]
Method: TypeAlias = Literal["percentile", "bca"]
Statistic: TypeAlias = Callable[[Floats], Floats]
"""From weights float64[r, n], how often each of n items counts in each of r samples, to one value a sample."""

RESAMPLES = 2_000
CONFIDENCE = 0.95
_BLOCK = 4_000_000
"""Weights held at once; bounds the memory of a bootstrap to some 100 MB whatever n is."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure, and the interval that holds the true one with the stated confidence."""

    value: float
    low: float
    high: float


def mean(values: npt.ArrayLike, *, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """The mean: Wilson's interval where every value is 0 or 1, a BCa bootstrap otherwise.

    >>> mean([1, 1, 0, 1]).value
    0.75
    """
    return means(_column(values)[:, None], seed=seed, confidence=confidence)[0]


def means(values: npt.ArrayLike, *, seed: int = 0, confidence: float = CONFIDENCE) -> list[Interval]:
    """The mean of each column of `values`, float[n, m], from one set of resamples for all columns."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not table.shape[0] or not np.isfinite(table).all():
        raise InvalidInput(
            f"cannot take the mean of values of shape {table.shape!r}",
            hint="Give at least one row, and finite numbers only.",
        )
    n = table.shape[0]
    counted = ((table == 0) | (table == 1)).all(axis=0)
    drawn = (
        np.vstack([weights @ table[:, ~counted] for weights in _resamples(n, seed)]) / n if not counted.all() else None
    )
    result: list[Interval] = []
    others = 0
    for column in range(table.shape[1]):
        own = table[:, column]
        if counted[column] or drawn is None:
            result.append(proportion(int(own.sum()), n, confidence=confidence))
            continue
        left_out = (own.sum() - own) / max(n - 1, 1)
        result.append(_interval(float(own.mean()), drawn[:, others], confidence, left_out))
        others += 1
    return result


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, *, seed: int = 0, confidence: float = CONFIDENCE, resamples: int = RESAMPLES
) -> Interval:
    """The mean of a - b over the same items, by a BCa bootstrap of the pairs.

    Pairing takes out what makes an item hard for both, so the interval is far narrower than that of two means apart.
    """
    first, second = _column(a), _column(b)
    if first.shape != second.shape:
        raise InvalidInput(
            f"cannot pair {len(first)} values with {len(second)}", hint="Both must be measured on the same items."
        )
    difference = first - second
    drawn = np.concatenate([weights @ difference for weights in _resamples(len(difference), seed, resamples)])
    left_out = (difference.sum() - difference) / max(len(difference) - 1, 1)
    return _interval(float(difference.mean()), drawn / len(difference), confidence, left_out)


def bootstrap(
    statistic: Statistic,
    n: int,
    *,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    method: Method = "percentile",
) -> Interval:
    """Any statistic of n items that can be written with weights: a ratio of sums, F1, an area under a curve.

    Args:
        statistic: Vectorised over samples; may give NaN where a sample leaves it undefined (such samples are left out).
        n: How many items.
        seed: Of the resampling.
        confidence: Of the interval, 0..1.
        resamples: How many samples are drawn.
        method: `bca` corrects bias and skew, at the price of a jackknife of n more evaluations.

    >>> hits = np.array([1.0, 0, 1, 1])
    >>> bootstrap(lambda w: (w @ hits) / w.sum(axis=1), 4).value
    0.75
    """
    if n < 1:
        raise InvalidInput(f"cannot resample {n} items", hint="Give at least one.")
    value = float(statistic(np.ones((1, n)))[0])
    drawn = np.concatenate([statistic(weights) for weights in _resamples(n, seed, resamples)])
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return Interval(value=value, low=value, high=value)
    left_out = None
    if method == "bca" and n > 1:
        step = max(1, _BLOCK // n)
        left_out = np.concatenate(
            [statistic(1.0 - np.eye(min(step, n - first), n, first)) for first in range(0, n, step)]
        )
        left_out = left_out[np.isfinite(left_out)]
    return _interval(value, drawn, confidence, left_out)


def proportion(successes: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """A share, with Wilson's score interval: sound near 0 and 1 and for few items, where the bootstrap is not.

    >>> proportion(10, 10).low > 0.7
    True
    """
    if n < 1 or not 0 <= successes <= n:
        raise InvalidInput(
            f"{successes!r} of {n!r} is not a proportion", hint="Give a count between 0 and a total of at least 1."
        )
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding must not push the share itself out of its own interval.
    return Interval(value=share, low=min(share, max(0.0, centre - half)), high=max(share, min(1.0, centre + half)))


def quantile(values: npt.ArrayLike, q: float, *, confidence: float = CONFIDENCE) -> Interval:
    """The q-quantile (nearest rank), with an interval from order statistics; no distribution is assumed.

    Where there are too few values for the confidence, as for a p99 of 100 values, an end of the interval is the least
    or the greatest value seen, and the true coverage is lower on that side.
    """
    if not 0 < q < 1:
        raise InvalidInput(f"{q!r} is not a quantile", hint="Give a number between 0 and 1, such as 0.99.")
    ordered = np.sort(_column(values))
    n = len(ordered)
    below = _binomial_cdf(n, q)
    tail = (1 - confidence) / 2
    # The true quantile is under the k-th smallest value (from 1) with probability P(Binomial(n, q) < k).
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail, side="left")) + 1
    rank = max(1, math.ceil(q * n))
    return Interval(
        value=float(ordered[rank - 1]),
        low=float(ordered[min(max(low, 1), rank) - 1]),
        high=float(ordered[max(min(high, n), rank) - 1]),
    )


def _column(values: npt.ArrayLike) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or not column.size or not np.isfinite(column).all():
        raise InvalidInput(
            f"expected a row of numbers, found shape {column.shape!r}",
            hint="Give at least one value, and finite numbers only.",
        )
    return column


def _resamples(n: int, seed: int, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """How often each of n items is drawn, float64[block, n], in blocks that together make `resamples` rows."""
    generator = np.random.default_rng(seed)
    block = max(1, min(resamples, _BLOCK // n))
    for first in range(0, resamples, block):
        rows = min(block, resamples - first)
        drawn = generator.integers(0, n, size=(rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _interval(value: float, drawn: Floats, confidence: float, left_out: Floats | None) -> Interval:
    """From the resampled values: BCa where the jackknife's values are given and both corrections exist."""
    tail = (1 - confidence) / 2
    ends = (tail, 1 - tail)
    if left_out is not None:
        ends = _bca(value, drawn, ends, left_out)
    low, high = np.quantile(drawn, ends)
    return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))


def _bca(value: float, drawn: Floats, ends: tuple[float, float], left_out: Floats) -> tuple[float, float]:
    normal = NormalDist()
    # Resampled sums differ from the value in the last bit; those are ties, and count half.
    tie = np.isclose(drawn, value, rtol=1e-12, atol=1e-15)
    below = float(((drawn < value) & ~tie).mean() + tie.mean() / 2)
    spread = left_out.mean() - left_out
    scale = float((spread**2).sum()) ** 1.5
    if not 0 < below < 1 or scale < 1e-300:
        return ends
    bias = normal.inv_cdf(below)
    acceleration = float((spread**3).sum()) / (6 * scale)

    def corrected(end: float) -> float:
        shifted = bias + normal.inv_cdf(end)
        return normal.cdf(bias + shifted / max(1 - acceleration * shifted, 1e-6))

    return corrected(ends[0]), corrected(ends[1])


def _binomial_cdf(n: int, q: float) -> Floats:
    """P(Binomial(n, q) <= k) for k = 0..n, from logarithms so that no factorial overflows."""
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    k = np.arange(n + 1)
    mass = np.exp(logs[n] - logs[k] - logs[n - k] + k * math.log(q) + (n - k) * math.log1p(-q))
    cumulative: Floats = np.minimum(np.cumsum(mass), 1.0)
    return cumulative
