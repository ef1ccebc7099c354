"""Ridge logistic regression, small enough to need no library.

Each feature is standardised and has a penalty of its own; the intercept has none. Targets may be any number in 0..1
(a mean score as well as a right or wrong), which makes it the quasi-likelihood fit of L. E. Papke and J. M. Wooldridge,
"Econometric methods for fractional response variables", *Journal of Applied Econometrics* 11 (1996).

The method is D. Böhning's bound on the curvature ("Multinomial logistic regression algorithm", *Annals of the Institute
of Statistical Mathematics* 44, 1992): the Hessian is replaced by one that is never smaller and never changes. A step
can then never overshoot, separable data included, and one factorisation serves every step and every target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from citeward.models.router.surface import Floats

STEPS = 500
TOLERANCE = 1e-5
"""Largest change of a weight, on standardised features, at which the fit is done."""
_SHARES = (1e-3, 1 - 1e-3)
_INTERCEPTS = (-7.0, 7.0)
"""Where all targets are alike, the best intercept is infinite; this is as sure as it gets."""
_LEAST_SPREAD = 1e-9
"""A feature that varies less is constant, and gets no weight."""


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """One fitted model: ``sigmoid(intercept + standardised(x) @ weights)`` is the expected target."""

    mean: Floats
    """float64[d]: of each feature, in the data that it was fitted on."""
    scale: Floats
    """float64[d]: its standard deviation; 1 where it was constant."""
    intercept: Floats
    """float64[m], one a target."""
    weights: Floats
    """float64[d, m], of standardised features."""

    def predict(self, features: Floats) -> Floats:
        """Expected targets, float64[n, m], of features float64[n, d]."""
        result: Floats = sigmoid(self.intercept + ((features - self.mean) / self.scale) @ self.weights)
        return result


def fit_logistic(features: Floats, targets: Floats, penalties: Floats) -> Logistic:
    """Fit one model for each target.

    Args:
        features: float64[n, d].
        targets: float64[n, m], each in 0..1.
        penalties: float64[d], above 0: the weight of half the squared weight of each standardised feature.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    constant = spread < _LEAST_SPREAD
    scale = np.where(constant, 1.0, spread)
    x = np.where(constant, 0.0, (features - mean) / scale)
    # Features are centred, so that the intercept and the weights do not meet in the bound.
    inverse = np.linalg.inv(x.T @ x / 4 + np.diag(penalties))
    share = np.clip(targets.mean(axis=0), *_SHARES)
    intercept: Floats = np.log(share / (1 - share))
    weights: Floats = np.zeros((features.shape[1], targets.shape[1]))
    for _ in range(STEPS):
        told = sigmoid(intercept + x @ weights)
        residual = targets - told
        # The intercept's own curvature is one number: Newton's step, which must not jump where the curve is flat.
        curve = np.maximum((told * (1 - told)).mean(axis=0), 1e-3)
        shifted = np.clip(intercept + np.clip(residual.mean(axis=0) / curve, -1.0, 1.0), *_INTERCEPTS)
        step = inverse @ (x.T @ residual - penalties[:, None] * weights)
        change = max(np.abs(shifted - intercept).max(), np.abs(step).max(initial=0.0))
        intercept, weights = shifted, weights + step
        if change < TOLERANCE:
            break
    return Logistic(mean=mean, scale=scale, intercept=intercept, weights=weights)


def sigmoid(values: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow for any x."""
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result
