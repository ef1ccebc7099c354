import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.evals import curves
from citeward.evals.statistics import bootstrap

ITEMS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=2, max_size=30).filter(
    lambda items: 0 < sum(label for _, label in items) < len(items)
)


def value(statistic, n: int) -> float:
    return float(statistic(np.ones((1, n)))[0])


@given(items=ITEMS)
def test_the_area_is_the_chance_that_a_positive_item_scores_higher(items: list[tuple[int, int]]) -> None:
    scores, labels = zip(*items, strict=True)
    pairs = [(a > b) + (a == b) / 2 for a, x in items if x for b, y in items if not y]
    assert value(curves.auc(scores, labels), len(items)) == pytest.approx(np.mean(pairs))


@given(items=ITEMS)
def test_average_precision_is_precision_averaged_over_positive_items(items: list[tuple[int, int]]) -> None:
    scores, labels = zip(*items, strict=True)
    precisions = []
    for score, label in items:
        if label:
            taken = [other for at, other in items if at >= score]
            precisions.append(sum(taken) / len(taken))
    assert value(curves.average_precision(scores, labels), len(items)) == pytest.approx(np.mean(precisions))


@given(items=ITEMS, share=st.sampled_from([0.0, 0.01, 0.25, 1.0]))
def test_recall_is_that_of_the_best_threshold_allowed(items: list[tuple[int, int]], share: float) -> None:
    scores, labels = zip(*items, strict=True)
    best = 0.0
    for threshold in [*scores, 99]:
        wrong = sum(1 for at, label in items if not label and at >= threshold)
        if wrong <= share * labels.count(0):
            best = max(best, sum(1 for at, label in items if label and at >= threshold) / labels.count(1))
    assert value(curves.recall_at(share, scores, labels), len(items)) == pytest.approx(best)


def test_weights_count_items_as_often_as_they_say() -> None:
    once = curves.auc([3, 2, 2, 1], [1, 0, 1, 0])(np.array([[1.0, 2.0, 3.0, 0.0]]))
    assert once[0] == pytest.approx(value(curves.auc([3, 2, 2, 2, 2, 2], [1, 0, 0, 1, 1, 1]), 6))


def test_samples_without_one_of_the_classes_do_not_spoil_the_interval() -> None:
    found = bootstrap(curves.auc([0.9, 0.1, 0.2], [1, 0, 0]), 3)
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)
