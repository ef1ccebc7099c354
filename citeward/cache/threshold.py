"""How alike two questions must be, learned from labelled pairs for a declared bound on wrong hits.

The threshold goes down from where hits are surest, step by step, while the upper end of the Clopper-Pearson interval
of the share of wrong hits stays within the bound. The sequence of tests is fixed beforehand and ends at the first that
fails, so that the confidence holds for the threshold which is chosen, without a correction for the number of tests.

Sources:

- C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
  *Biometrika* 26 (1934).
- Fixed-sequence testing for risk control: A. Angelopoulos and others, "Learn then Test" (2021), section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

CONFIDENCE = 0.95
STEP = 0.005
LOWEST = 0.5
"""No threshold is learned below this cosine: there, questions share a topic at best."""
SHIPPED: tuple[tuple[float, float], ...] = ((0.01, 0.94), (0.02, 0.915), (0.03, 0.89), (0.05, 0.865), (0.1, 0.82))
"""Error bound to least cosine, for all-MiniLM-L6-v2 with the checks of `citeward.cache.safety`.

Learned by `python -m benchmarks --only cache` from 3,498 public pairs: each paraphrase of GPTCache's set with its
original, and with the nearest other one that does not share half of its words; and STS-B's development pairs, the same
from a score of 4 on. The embedder's faster graph gives slightly other vectors on other processors; of the thresholds
that were learned on two of them, each is the stricter one.
"""
SPACE = "all-MiniLM-L6-v2"
"""The embedder that the shipped thresholds hold for."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A labelled pair of questions that no check keeps apart."""

    similarity: float
    """Cosine of the two."""
    same: bool
    """Whether one answer serves both."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A threshold, and what it rests on."""

    threshold: float
    hits: int
    """Pairs at or above it."""
    false_hits: int
    """Those of them whose answers differ."""
    bound: float
    """Upper end of the 95 % interval of the share of false hits."""


def learn(pairs: Iterable[Scored], error_bound: float, *, confidence: float = CONFIDENCE) -> Learned | None:
    """The least threshold whose share of wrong hits is within the bound; None where the pairs cannot show one.

    Args:
        pairs: Pairs that pass the checks, in the mix that questions come in: the bound holds for such a mix.
        error_bound: Share of hits that may be wrong, 0..1.
        confidence: That the true share at the threshold is within the bound.
    """
    ordered = sorted(pairs, key=lambda pair: -pair.similarity)
    needed = fewest(error_bound, confidence=confidence)
    best: Learned | None = None
    hits = false = 0
    for step in range(round((1 - LOWEST) / STEP) + 1):
        threshold = round(1 - step * STEP, 6)
        while hits < len(ordered) and ordered[hits].similarity >= threshold:
            false += not ordered[hits].same
            hits += 1
        # Fewer hits could not pass even without a wrong one; where that ends does not depend on the labels.
        if hits < needed:
            continue
        bound = upper_bound(false, hits, confidence=confidence)
        if bound > error_bound:
            break
        best = Learned(threshold=threshold, hits=hits, false_hits=false, bound=bound)
    return best


def fewest(error_bound: float, *, confidence: float = CONFIDENCE) -> int:
    """How many hits, none of them wrong, it takes to show that the share of wrong ones is within the bound.

    >>> fewest(0.02)
    149
    """
    return math.ceil(math.log(1 - confidence) / math.log(1 - error_bound))


def upper_bound(false: int, hits: int, *, confidence: float = CONFIDENCE) -> float:
    """The one-sided Clopper-Pearson bound on a share of which `false` in `hits` were seen.

    >>> round(upper_bound(0, 149), 4), upper_bound(0, 0)
    (0.0199, 1.0)
    """
    if false >= hits:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(false, hits, middle) > 1 - confidence else (low, middle)
    return high


def threshold_for(error_bound: float) -> float | None:
    """The shipped threshold for this bound; None for a bound that the shipped data could not show.

    Where it is None, learn one from pairs of your own, or use the exact tier alone.
    """
    fitting = [threshold for bound, threshold in SHIPPED if bound <= error_bound]
    return min(fitting, default=None)


def _at_most(false: int, hits: int, share: float) -> float:
    """P(Binomial(hits, share) <= false), from logarithms so that no factorial overflows."""
    if not 0 < share < 1:
        return 1.0 if share <= 0 else 0.0
    whole, yes, no = math.lgamma(hits + 1), math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(hits - k + 1) + k * yes + (hits - k) * no)
        for k in range(false + 1)
    )
