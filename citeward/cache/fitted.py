"""What `citeward cache fit` learned: one threshold, what it rests on, and no text of the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from citeward.errors import ProjectError

HINT = "Fit it with `citeward cache fit`, or leave out `fitted` under [cache]."


class Counts(BaseModel):
    """Pairs at or above the threshold that no check keeps apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hits: int = Field(ge=0)
    false_hits: int = Field(ge=0)
    bound: float = Field(ge=0, le=1)
    """Upper end of the one-sided 95 % interval (Clopper-Pearson) of the share of false hits."""


@dataclass(frozen=True, kw_only=True)
class FittedThreshold:
    """A threshold of one's own."""

    embedder: str
    """Whose cosines it is for."""
    threshold: float
    """Least cosine of a hit."""
    error_bound: float
    """Share of hits that may be wrong, for which it was learned."""
    learned: Counts
    """In the half that it was learned from."""
    held_out: Counts
    """In the other half."""

    @property
    def borne_out(self) -> bool:
        """Whether no more of the held-out hits are wrong than the bound allows."""
        return self.held_out.false_hits <= self.error_bound * self.held_out.hits


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["citeward-cache"] = "citeward-cache"
    version: Literal[1] = 1
    embedder: str = Field(min_length=1)
    threshold: float = Field(gt=0, le=1)
    error_bound: float = Field(gt=0, lt=1)
    learned: Counts
    held_out: Counts


def to_dict(fitted: FittedThreshold) -> dict[str, Any]:
    """The file's content."""
    return _File(
        embedder=fitted.embedder,
        threshold=fitted.threshold,
        error_bound=fitted.error_bound,
        learned=fitted.learned,
        held_out=fitted.held_out,
    ).model_dump()


def read_fitted(path: Path) -> FittedThreshold:
    """The file as it was written.

    Raises:
        ProjectError: It is missing, or is no such file.
    """
    try:
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror or error}", hint=HINT, path=str(path)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        told = f"is no fitted threshold: {f'{place}: ' if place else ''}{first['msg']}"
        raise ProjectError(told, hint=HINT, path=str(path)) from error
    return FittedThreshold(
        embedder=file.embedder,
        threshold=file.threshold,
        error_bound=file.error_bound,
        learned=file.learned,
        held_out=file.held_out,
    )
