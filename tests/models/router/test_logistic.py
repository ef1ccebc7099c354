import numpy as np
import pytest

from citeward.models.router.logistic import fit_logistic, sigmoid

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4000, 3)) * [1.0, 5.0, 0.1] + [0.0, 10.0, -3.0]
TRUTH = np.array([1.0, -0.1, 8.0])
P = sigmoid(0.5 + (X - [0.0, 10.0, -3.0]) @ TRUTH)
Y = np.column_stack([RNG.random(4000) < P, P]).astype(float)


def test_with_hardly_any_penalty_the_weights_that_made_the_data_are_found() -> None:
    model = fit_logistic(X, Y, np.full(3, 1e-6))
    found = model.weights / model.scale[:, None]
    assert found[:, 1] == pytest.approx(TRUTH, rel=0.01)  # fractions without noise
    assert found[:, 0] == pytest.approx(TRUTH, rel=0.25)
    assert model.predict(X)[:, 1] == pytest.approx(P, abs=0.002)


def test_at_the_fit_the_penalised_score_equations_hold() -> None:
    penalties = np.array([5.0, 50.0, 500.0])
    model = fit_logistic(X, Y, penalties)
    residual = Y - model.predict(X)
    standard = (X - model.mean) / model.scale
    assert standard.T @ residual == pytest.approx(penalties[:, None] * model.weights, abs=0.01)
    assert residual.sum(axis=0) == pytest.approx(0.0, abs=0.05)


def test_a_heavier_penalty_makes_smaller_weights() -> None:
    sizes = [np.abs(fit_logistic(X, Y, np.full(3, penalty)).weights).sum() for penalty in (1.0, 100.0, 10_000.0)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_constant_feature_gets_no_weight_and_breaks_nothing() -> None:
    model = fit_logistic(np.column_stack([X, np.full(len(X), 7.0)]), Y, np.full(4, 10.0))
    assert model.weights[3].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_targets_that_are_all_alike_and_separable_ones_give_finite_weights(answer: float) -> None:
    model = fit_logistic(X[:20], np.column_stack([np.full(20, answer), X[:20, 0] > 0]).astype(float), np.full(3, 1.0))
    assert np.isfinite(model.weights).all()
    assert model.predict(X[:20])[:, 0] == pytest.approx(answer, abs=0.01)


def test_the_sigmoid_of_any_number_is_a_share() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]
