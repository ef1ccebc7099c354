from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.errors import InvalidInput
from citeward.evals import statistics

NUMBERS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(values=NUMBERS)
def test_a_mean_lies_within_its_interval_and_the_interval_within_the_values(values: list[float]) -> None:
    found = statistics.mean(values)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    if not set(values) <= {0.0, 1.0}:
        assert min(values) - 1e-9 <= found.low
        assert found.high <= max(values) + 1e-9


@settings(max_examples=100, deadline=None)
@given(n=st.integers(1, 500), data=st.data())
def test_a_share_lies_within_its_interval_and_the_interval_between_0_and_1(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    found = statistics.proportion(successes, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@settings(max_examples=60, deadline=None)
@given(values=NUMBERS, q=st.floats(0.01, 0.99))
def test_a_quantile_and_its_ends_are_values_that_were_seen(values: list[float], q: float) -> None:
    found = statistics.quantile(values, q)
    assert found.low <= found.value <= found.high
    assert {found.low, found.value, found.high} <= set(values)


@settings(max_examples=30, deadline=None)
@given(values=NUMBERS, shift=st.floats(-10, 10))
def test_a_constant_difference_has_no_width(values: list[float], shift: float) -> None:
    found = statistics.paired_difference(np.array(values) + shift, values)
    assert found.value == pytest.approx(shift, abs=1e-6)
    assert found.high - found.low == pytest.approx(0, abs=1e-6)


def test_wilson_agrees_with_published_figures() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), the score method for 15 of 148.
    found = statistics.proportion(15, 148)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(5).normal(size=50)
    assert statistics.mean(values, seed=1) == statistics.mean(values, seed=1)
    assert statistics.mean(values, seed=1) != statistics.mean(values, seed=2)


def test_columns_get_what_they_would_get_alone() -> None:
    table = np.random.default_rng(3).random((40, 3))
    table[:, 1] = table[:, 1] > 0.5
    together = statistics.means(table)
    for column, found in enumerate(together):
        alone = statistics.mean(table[:, column])
        assert (found.value, found.low, found.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_more_values_give_narrower_intervals() -> None:
    values = np.random.default_rng(0).exponential(size=3200)
    widths = [(i := statistics.mean(values[:n])).high - i.low for n in (50, 200, 800, 3200)]
    assert all(wide > narrow for wide, narrow in pairwise(widths))


def test_a_general_statistic_agrees_with_the_mean() -> None:
    values = np.random.default_rng(1).exponential(size=60)
    general = statistics.bootstrap(lambda w: (w @ values) / w.sum(axis=1), 60, method="bca")
    special = statistics.mean(values)
    assert (general.value, general.low, general.high) == pytest.approx((special.value, special.low, special.high))


def test_samples_without_the_statistic_are_left_out() -> None:
    found = np.array([1.0, 0.0, 0.0])

    def ratio(w: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return (w @ found) / (w @ found)

    assert statistics.bootstrap(ratio, 3) == statistics.Interval(value=1.0, low=1.0, high=1.0)


def test_memory_is_bounded_by_drawing_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random(50)
    monkeypatch.setattr(statistics, "_BLOCK", 50 * 7)
    blocked = statistics.mean(values)
    assert blocked.low < values.mean() < blocked.high


def coverage(interval_of: object, truth: float, draw: object, runs: int = 300) -> float:
    hits = 0
    for _ in range(runs):
        found = interval_of(draw())  # type: ignore[operator]
        hits += found.low <= truth <= found.high
    return hits / runs


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(11)
    assert 0.90 <= coverage(statistics.mean, 1.0, lambda: generator.exponential(1.0, 40)) <= 0.99
    assert 0.92 <= coverage(statistics.mean, 0.9, lambda: (generator.random(60) < 0.9).astype(float)) <= 0.99
    median = lambda values: statistics.quantile(values, 0.5)  # noqa: E731
    assert 0.93 <= coverage(median, 0.0, lambda: generator.normal(size=50)) <= 0.99
    tail = lambda values: statistics.quantile(values, 0.9)  # noqa: E731
    assert 0.92 <= coverage(tail, 0.9, lambda: generator.random(200)) <= 0.99


def test_pairing_sees_a_difference_that_two_means_hide() -> None:
    generator = np.random.default_rng(2)
    hard = generator.random(200)
    better, worse = hard + 0.02 + generator.normal(0, 0.01, 200), hard
    paired = statistics.paired_difference(better, worse)
    assert paired.low > 0
    assert statistics.mean(better).low < statistics.mean(worse).high


@pytest.mark.parametrize(
    "call",
    [
        lambda: statistics.mean([]),
        lambda: statistics.mean([float("nan")]),
        lambda: statistics.means([1.0, 2.0]),
        lambda: statistics.proportion(3, 2),
        lambda: statistics.proportion(0, 0),
        lambda: statistics.quantile([1.0], 1.0),
        lambda: statistics.paired_difference([1.0], [1.0, 2.0]),
        lambda: statistics.bootstrap(lambda w: w.sum(axis=1), 0),
    ],
)
def test_nothing_to_measure_is_an_error(call: object) -> None:
    with pytest.raises(InvalidInput):
        call()  # type: ignore[operator]
