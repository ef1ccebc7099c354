"""What `citeward router fit` learned: weights and counts in one small JSON file, and no text of the data.

Two logistic models say how good the small and the large model's answers will be; the gain is their difference. A
question's difficulty is the share of the calibration questions that promised less gain, each judged by a model that had
not seen it. A threshold of 0.7 thus sends 30 % of such questions to the larger tier.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from citeward.contracts.retrieval import Vector
from citeward.errors import InvalidInput, ProjectError
from citeward.models.router.logistic import sigmoid
from citeward.models.router.surface import NAMES, Floats, surface

VERSION = 1
FARTHEST = 4.0
"""Standard deviations from the calibration data's mean, the most that a surface feature counts: a question unlike all
that was fitted on must not be judged by one feature alone."""
QUANTILES = 100
"""Steps in which the distribution of gains is kept."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How good either model's answer will be, 0..1, and what follows."""

    small: float
    large: float
    difficulty: float
    """0..1: the share of calibration questions for which the larger model promised less."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted judge of difficulty."""

    embedder: str
    """Whose vectors it reads; empty where it reads the surface alone."""
    mean: Floats
    """float64[k]: of each surface feature in the calibration data."""
    scale: Floats
    """float64[k]: its standard deviation."""
    surface_weights: Floats
    """float64[k, 2], of standardised features: for the small and for the large model."""
    vector_weights: Floats
    """float64[d, 2], of the vector as it is; d is 0 where there is no embedder."""
    intercept: Floats
    """float64[2]."""
    gains: Floats
    """float64[QUANTILES + 1]: quantiles of the gain over questions that were held out."""
    threshold: float
    """0..1: the difficulty from which the larger tier answers."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Counts and figures of the fit, for people. JSON-able."""

    def judge(self, question: str, vector: Vector | None = None) -> Judged:
        """Judge one question, in a fraction of a millisecond.

        Args:
            question: Its text.
            vector: float32[d], by the embedder of that name; None where the judge reads the surface alone.

        Raises:
            InvalidInput: The vector is missing or of another length.
        """
        found = 0 if vector is None else len(vector)
        if self.embedder and found != len(self.vector_weights):
            raise InvalidInput(
                f"a vector of {found} numbers was given, where {len(self.vector_weights)} were fitted on",
                hint=f"Give the question's vector by {self.embedder!r}.",
            )
        standard = np.clip((surface(question) - self.mean) / self.scale, -FARTHEST, FARTHEST)
        total = self.intercept + standard @ self.surface_weights
        if self.embedder and vector is not None:
            total = total + vector.astype(np.float64) @ self.vector_weights
        small, large = sigmoid(total).tolist()
        levels = np.linspace(0.0, 1.0, len(self.gains))
        return Judged(small=small, large=large, difficulty=float(np.interp(large - small, self.gains, levels)))


class _Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Surface(_Numbers):
    """One surface feature."""

    name: str
    mean: float
    scale: float = Field(gt=0)
    small: float
    large: float


class _File(_Numbers):
    """The file as JSON."""

    format: Literal["citeward-router"] = "citeward-router"
    version: Literal[1] = 1
    embedder: str
    threshold: float = Field(ge=0, le=1)
    intercept: tuple[float, float]
    surface: list[_Surface]
    vector: list[tuple[float, float]]
    gains: list[float] = Field(min_length=2)
    provenance: dict[str, Any] = {}

    @model_validator(mode="after")
    def _whole(self) -> _File:
        if tuple(feature.name for feature in self.surface) != NAMES:
            raise ValueError("its surface features are not those of this version of Citeward")
        if bool(self.embedder) != bool(self.vector):
            raise ValueError("an embedder and weights of its vectors belong together")
        if sorted(self.gains) != self.gains:
            raise ValueError("its gains are not in order")
        return self


def to_dict(fitted: Fitted) -> dict[str, Any]:
    """The file's content, numbers rounded to seven digits."""
    rows = zip(NAMES, fitted.mean, fitted.scale, fitted.surface_weights, strict=True)
    return {
        "format": "citeward-router",
        "version": VERSION,
        "embedder": fitted.embedder,
        "threshold": _short(fitted.threshold),
        "intercept": [_short(value) for value in fitted.intercept],
        "surface": [
            {"name": name, "mean": _short(mean), "scale": _short(scale), "small": _short(small), "large": _short(large)}
            for name, mean, scale, (small, large) in rows
        ],
        "vector": [[_short(small), _short(large)] for small, large in fitted.vector_weights],
        "gains": [_short(value) for value in fitted.gains],
        "provenance": fitted.provenance,
    }


def read_fitted(path: Path) -> Fitted:
    """The file as it was written.

    Raises:
        ProjectError: It is missing, or was fitted by another version.
    """
    try:
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ProjectError(
            f"cannot be read: {error.strerror or error}",
            hint="Fit it with `citeward router fit`, or leave out `fitted` under [router].",
            path=str(path),
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProjectError(
            f"is no fitted router: {f'{place}: ' if place else ''}{first['msg'].removeprefix('Value error, ')}",
            hint="Fit it anew with `citeward router fit`.",
            path=str(path),
        ) from error
    features = file.surface
    return Fitted(
        embedder=file.embedder,
        mean=np.array([one.mean for one in features]),
        scale=np.array([one.scale for one in features]),
        surface_weights=np.array([[one.small, one.large] for one in features]),
        vector_weights=np.array(file.vector, dtype=np.float64).reshape(-1, 2),
        intercept=np.array(file.intercept),
        gains=np.array(file.gains),
        threshold=file.threshold,
        provenance=file.provenance,
    )


def _short(value: float) -> float:
    return float(f"{value:.7g}")
