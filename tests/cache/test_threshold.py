import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.cache.threshold import SHIPPED, Scored, fewest, learn, threshold_for, upper_bound


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    # Against tables of the one-sided 95 % bound.
    assert upper_bound(0, 100) == pytest.approx(0.02951, abs=1e-5)
    assert upper_bound(5, 100) == pytest.approx(0.10225, abs=1e-5)
    assert upper_bound(10, 20) == pytest.approx(0.69805, abs=1e-5)
    assert upper_bound(3, 3) == upper_bound(0, 0) == 1.0


@given(st.integers(0, 50), st.integers(1, 400))
def test_more_wrong_hits_mean_a_higher_bound_and_more_hits_a_lower_one(false: int, hits: int) -> None:
    bound = upper_bound(min(false, hits), hits)
    assert min(false, hits) / hits <= bound <= 1
    assert upper_bound(min(false, hits), hits + 1) <= bound
    assert upper_bound(min(false + 1, hits), hits) >= bound


def test_the_least_threshold_within_the_bound_is_learned() -> None:
    good = [Scored(similarity=0.95, same=True)] * 300
    bad = [Scored(similarity=0.8, same=False)] * 20
    learned = learn([*good, *bad], 0.02)
    assert learned is not None
    assert 0.8 < learned.threshold <= 0.81
    assert (learned.hits, learned.false_hits) == (300, 0)
    assert learned.bound <= 0.02


def test_too_few_pairs_teach_nothing() -> None:
    assert learn([Scored(similarity=0.99, same=True)] * (fewest(0.02) - 1), 0.02) is None
    assert learn([], 0.5) is None
    assert learn([Scored(similarity=0.99, same=True)] * fewest(0.02), 0.02) is not None


def test_wrong_hits_at_the_top_teach_nothing() -> None:
    pairs = [Scored(similarity=0.99, same=False)] * 20 + [Scored(similarity=0.9, same=True)] * 400
    assert learn(pairs, 0.02) is None


def test_what_is_learned_holds_for_pairs_that_it_was_not_learned_from() -> None:
    """The share of drawings whose threshold breaks the bound is within what the confidence allows."""
    generator = random.Random(7)

    def drawn() -> Scored:
        similarity = generator.random()
        return Scored(similarity=similarity, same=generator.random() < similarity**0.25)

    def true_share(threshold: float) -> float:
        # Of hits: the mean of 1 - x^(1/4) over [threshold, 1].
        return 1 - (1 - threshold**1.25) / 1.25 / (1 - threshold)

    learned = [found for _ in range(60) if (found := learn([drawn() for _ in range(600)], 0.1)) is not None]
    assert len(learned) > 40
    broken = sum(true_share(found.threshold) > 0.1 for found in learned)
    assert broken <= 8  # 5 % of 60 are 3; 8 or fewer has a chance of 99.7 %


def test_a_bound_between_two_shipped_ones_takes_the_stricter_threshold() -> None:
    thresholds = dict(SHIPPED)
    assert threshold_for(0.02) == thresholds[0.02]
    assert threshold_for(0.025) == thresholds[0.02]
    assert threshold_for(0.5) == thresholds[0.1]
    assert threshold_for(0.001) is None
