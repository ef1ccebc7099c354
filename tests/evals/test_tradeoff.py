import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.evals.tradeoff import apgr, averaged, calls_for, difference, quality_at

SMALL, LARGE = [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]


def _value(statistic, n=4):
    return float(statistic(np.ones((1, n)))[0])


def test_the_best_order_a_constant_and_the_worst_order() -> None:
    assert _value(apgr([1, 0, 1, 0], SMALL, LARGE)) == pytest.approx(0.75)
    assert _value(apgr([0, 0, 0, 0], SMALL, LARGE)) == pytest.approx(0.5)
    assert _value(apgr([0, 1, 0, 1], SMALL, LARGE)) == pytest.approx(0.25)


def test_it_is_more_than_1_where_the_small_model_is_sometimes_better() -> None:
    assert _value(apgr([3, 2, 1, 0], [0, 0, 1, 1], [1, 1, 1, 0])) > 1


def test_random_orders_come_out_at_one_half() -> None:
    rng = np.random.default_rng(0)
    small, large = rng.random(400) < 0.6, rng.random(400) < 0.9
    orders = [apgr(rng.random(400), small, large) for _ in range(50)]
    assert _value(averaged(orders), 400) == pytest.approx(0.5, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=20))
def test_weights_count_as_copies_do(items: list[tuple[int, int, int]]) -> None:
    scores, small, large = np.array(items, dtype=float).T
    weights = np.arange(len(items)) % 3 + 1
    copies = np.repeat(np.arange(len(items)), weights)
    statistics = (apgr, lambda *a: quality_at(0.3, *a), lambda *a: calls_for(0.5, *a))
    for make in statistics:
        weighted = make(scores, small, large)(weights[None].astype(float))
        copied = make(scores[copies], small[copies], large[copies])(np.ones((1, len(copies))))
        assert weighted == pytest.approx(copied, nan_ok=True)


def test_quality_goes_from_always_small_to_always_large() -> None:
    scores = [1, 0, 1, 0]
    found = [_value(quality_at(share, scores, SMALL, LARGE)) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert found == pytest.approx([0.5, 0.75, 1.0, 1.0, 1.0])


def test_the_calls_that_recover_a_share_of_the_gap() -> None:
    found = [_value(calls_for(part, [1, 0, 1, 0], SMALL, LARGE)) for part in (0.0, 0.5, 1.0)]
    assert found == pytest.approx([0.0, 0.25, 0.5])


def test_without_a_gap_there_is_no_figure() -> None:
    assert np.isnan(_value(apgr([1, 2, 3, 4], LARGE, SMALL)))
    assert np.isnan(_value(calls_for(0.5, [1, 2, 3, 4], LARGE, SMALL)))


def test_a_difference_is_one_of_the_same_items() -> None:
    a, b = apgr([1, 0, 1, 0], SMALL, LARGE), apgr([0, 0, 0, 0], SMALL, LARGE)
    assert _value(difference(a, b)) == pytest.approx(0.25)
