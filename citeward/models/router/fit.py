"""Learns difficulty from results: how good was the small model's answer to each prompt, and the large one's?

Everything that is reported of a fit comes from prompts that it had not seen: the data is cut into folds by prompt (a
prompt that stands there twice lies in one fold), each fold is judged by a fit on the others, and the penalties of that
fit are chosen by folds of the others again (nested cross-validation: S. Varma, R. Simon, "Bias in error estimation when
using cross-validation for model selection", *BMC Bioinformatics* 7, 2006). Penalties are chosen by the squared error of
the expected gain, which is steadier than any figure of a ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from citeward.contracts.retrieval import Vectors
from citeward.errors import InvalidInput
from citeward.models.router.fitted import FARTHEST, QUANTILES, Fitted
from citeward.models.router.logistic import Logistic, fit_logistic
from citeward.models.router.surface import NAMES, Floats, surface

FOLDS = 5
INNER_FOLDS = 3
SURFACE_PENALTIES = (30.0, 100.0, 300.0)
VECTOR_PENALTIES = (300.0, 1_000.0, 3_000.0, 10_000.0)
"""Each of some hundred numbers of a vector says little, so that their weights are held down ten times as hard."""
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Prompts, and how good each model's answer was."""

    prompts: tuple[str, ...]
    small: Floats
    """float64[n], 0..1."""
    large: Floats
    """float64[n], 0..1."""
    vectors: Vectors | None = None
    """float32[n, d] of the prompts, embedded as queries; None fits the surface alone."""
    embedder: str = ""
    """Who made the vectors."""

    def without_vectors(self) -> Outcomes:
        """The same, to fit the surface alone."""
        return Outcomes(prompts=self.prompts, small=self.small, large=self.large)


@dataclass(frozen=True, kw_only=True)
class Penalties:
    """How hard weights are held down."""

    surface: float
    vector: float


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Each prompt judged by a fit that had not seen it."""

    gains: Floats
    """float64[n]: by how much the large model's answer was expected to be better."""
    folds: npt.NDArray[np.int64]
    """int64[n]: which fold each prompt lay in."""
    penalties: tuple[Penalties, ...]
    """Chosen for each fold, from the other folds alone."""


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Features and targets side by side."""

    features: Floats
    targets: Floats
    groups: npt.NDArray[np.int64] = field(repr=False)
    """Rows of the same prompt have the same number."""

    def rows(self, chosen: npt.NDArray[np.bool_]) -> _Table:
        return _Table(features=self.features[chosen], targets=self.targets[chosen], groups=self.groups[chosen])


def cross_validate(outcomes: Outcomes, *, seed: int = 0, progress: Progress | None = None) -> HeldOut:
    """Judge every prompt by a fit on other prompts.

    Args:
        outcomes: At least two different prompts.
        seed: Of the folds.
        progress: Told after each fold.

    Raises:
        InvalidInput: There are too few prompts.
    """
    table = _table(outcomes)
    folds = _folds(table.groups, FOLDS, seed)
    count = int(folds.max()) + 1
    gains = np.zeros(len(folds))
    penalties: list[Penalties] = []
    for fold in range(count):
        rest = table.rows(folds != fold)
        chosen = _penalties(rest, seed)
        penalties.append(chosen)
        gains[folds == fold] = _gain(_fit(rest, chosen), table.features[folds == fold])
        if progress is not None:
            progress(fold + 1, count)
    return HeldOut(gains=gains, folds=folds, penalties=tuple(penalties))


def fit(
    outcomes: Outcomes, held_out: HeldOut, *, share: float, seed: int = 0, provenance: dict[str, Any] | None = None
) -> Fitted:
    """Fit on all prompts.

    Args:
        outcomes: What to learn from.
        held_out: From `cross_validate` on the same outcomes; its gains say which gain is a large one.
        share: Share of such prompts, 0..1, that the larger model should answer.
        seed: Of the folds by which the penalties are chosen.
        provenance: Written to the file beside the counts.

    Raises:
        InvalidInput: The share is out of range.
    """
    if not 0 <= share <= 1:
        raise InvalidInput(f"the share {share!r} is out of range", hint="Give a share of the questions, 0 to 1.")
    table = _table(outcomes)
    chosen = _penalties(table, seed)
    model = _fit(table, chosen)
    k = len(NAMES)
    # Vectors need no standardising once the weights are known: scale and mean go into the weights and the intercept.
    vector_weights = model.weights[k:] / model.scale[k:, None]
    return Fitted(
        embedder=outcomes.embedder if outcomes.vectors is not None else "",
        mean=model.mean[:k],
        scale=model.scale[:k],
        surface_weights=model.weights[:k],
        vector_weights=vector_weights,
        intercept=model.intercept - model.mean[k:] @ vector_weights,
        gains=np.quantile(held_out.gains, np.linspace(0.0, 1.0, QUANTILES + 1)),
        threshold=1.0 - share,
        provenance={
            "items": len(outcomes.prompts),
            "small": round(float(outcomes.small.mean()), 4),
            "large": round(float(outcomes.large.mean()), 4),
            "seed": seed,
            "penalties": {"surface": chosen.surface, "vector": chosen.vector},
            **(provenance or {}),
        },
    )


def _table(outcomes: Outcomes) -> _Table:
    features = np.array([surface(prompt) for prompt in outcomes.prompts]).reshape(len(outcomes.prompts), len(NAMES))
    if outcomes.vectors is not None:
        features = np.hstack([features, outcomes.vectors.astype(np.float64)])
    number: dict[str, int] = {}
    groups = [number.setdefault(" ".join(prompt.lower().split()), len(number)) for prompt in outcomes.prompts]
    if len(number) < 2:
        raise InvalidInput(
            f"{len(number)} different prompt cannot be cross-validated", hint="Give two at least, better some hundred."
        )
    return _Table(features=features, targets=np.column_stack([outcomes.small, outcomes.large]), groups=np.array(groups))


def _folds(groups: npt.NDArray[np.int64], count: int, seed: int) -> npt.NDArray[np.int64]:
    """The fold of each row, int64[n]; folds are as even as whole groups allow."""
    there, place = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(there)) % min(count, len(there))
    folds: npt.NDArray[np.int64] = order[place]
    return folds


def _penalties(table: _Table, seed: int) -> Penalties:
    """Those under which held-out gains are told best; the strongest ones where there is nothing to choose by."""
    vectors = table.features.shape[1] > len(NAMES)
    grid = [
        Penalties(surface=surface_, vector=vector)
        for surface_, vector in product(SURFACE_PENALTIES, VECTOR_PENALTIES if vectors else VECTOR_PENALTIES[-1:])
    ]
    if len(np.unique(table.groups)) < INNER_FOLDS:
        return grid[-1]
    folds = _folds(table.groups, INNER_FOLDS, seed + 1)
    gain = table.targets[:, 1] - table.targets[:, 0]
    errors = np.zeros(len(grid))
    for fold in range(INNER_FOLDS):
        rest, kept = table.rows(folds != fold), folds == fold
        for place, penalties in enumerate(grid):
            told = _gain(_fit(rest, penalties), table.features[kept])
            errors[place] += ((told - gain[kept]) ** 2).sum()
    # Of equals the strongest, which promises least.
    return min(zip(errors.round(9).tolist(), grid, strict=True), key=lambda one: (one[0], -_strength(one[1])))[1]


def _strength(penalties: Penalties) -> float:
    return penalties.surface * penalties.vector


def _fit(table: _Table, penalties: Penalties) -> Logistic:
    each = np.full(table.features.shape[1], penalties.vector)
    each[: len(NAMES)] = penalties.surface
    return fit_logistic(table.features, table.targets, each)


def _gain(model: Logistic, features: Floats) -> Floats:
    k = len(NAMES)
    near = (
        model.mean[:k]
        + np.clip((features[:, :k] - model.mean[:k]) / model.scale[:k], -FARTHEST, FARTHEST) * (model.scale[:k])
    )
    told = model.predict(np.hstack([near, features[:, k:]]))
    gain: Floats = told[:, 1] - told[:, 0]
    return gain


def lengths(prompts: Sequence[str]) -> Floats:
    """Characters of each prompt, float64[n]: the scorer that any other must beat."""
    return np.array([len(prompt) for prompt in prompts], dtype=np.float64)
