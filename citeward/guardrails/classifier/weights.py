"""A classifier's weights: one small file, numbers only."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from citeward.errors import ProjectError
from citeward.guardrails.classifier.surface import SIZE

Matrix = npt.NDArray[np.float32]
FOLDER = Path(__file__).parent
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Linear:
    """One linear model a head: ``sigmoid(bias + hints @ hints + surface @ surface + vector @ vector)``."""

    bias: Matrix
    """float32[h]."""
    hints: Matrix
    """float32[k, h]: of the numbers that a guard adds of its own."""
    surface: Matrix
    """float32[SIZE, h]."""
    vector: Matrix
    """float32[d, h]; d is 0 where no embedding is read."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Two models of the same heads: one by the surface alone, one by the embedding as well."""

    name: str
    """With its version, as `injection-1`."""
    heads: tuple[str, ...]
    hints: tuple[str, ...]
    """Names of the numbers that a guard adds."""
    embedder: str
    """Whose vectors the full model reads."""
    surface: Linear
    full: Linear
    clear: tuple[float, ...]
    """A head: the score by the surface alone under which the full one is not asked."""
    provenance: dict[str, Any]
    """For people: when, on what, figures. JSON-able."""


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(ge=VERSION, le=VERSION)
    name: str
    heads: tuple[str, ...] = Field(min_length=1)
    hints: tuple[str, ...]
    embedder: str
    clear: tuple[float, ...]
    provenance: dict[str, Any]


def write_weights(path: Path, weights: Weights) -> None:
    """Write the file, the same bytes for the same weights; numbers keep three digits."""
    head = _Head(
        version=VERSION,
        name=weights.name,
        heads=weights.heads,
        hints=weights.hints,
        embedder=weights.embedder,
        clear=weights.clear,
        provenance=weights.provenance,
    )
    entries = {"head.json": json.dumps(head.model_dump(mode="json"), indent=1, sort_keys=True).encode()}
    for stage in ("surface", "full"):
        for field in ("bias", "hints", "surface", "vector"):
            content = io.BytesIO()
            np.save(content, getattr(getattr(weights, stage), field).astype(np.float16), allow_pickle=False)
            entries[f"{stage}.{field}.npy"] = content.getvalue()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, entry in entries.items():
            # A fixed time: training again gives the same file.
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), entry, zipfile.ZIP_DEFLATED, 9)


@functools.cache
def read_weights(path: Path) -> Weights:
    """The file's weights, read once a process.

    Raises:
        ProjectError: It is missing, damaged, or of another version.
    """
    try:
        with zipfile.ZipFile(path) as file:
            head = _Head.model_validate_json(file.read("head.json"))
            stages = {
                stage: Linear(
                    **{
                        field: np.load(io.BytesIO(file.read(f"{stage}.{field}.npy")), allow_pickle=False).astype(
                            np.float32
                        )
                        for field in ("bias", "hints", "surface", "vector")
                    }
                )
                for stage in ("surface", "full")
            }
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, ValidationError) as error:
        raise ProjectError(
            f"holds no weights of a classifier: {type(error).__name__}",
            hint="Take the file that came with this version, or train it again.",
            path=str(path),
        ) from error
    weights = Weights(
        name=head.name,
        heads=head.heads,
        hints=head.hints,
        embedder=head.embedder,
        clear=head.clear,
        provenance=head.provenance,
        **stages,
    )
    _check(weights, path)
    return weights


def _check(weights: Weights, path: Path) -> None:
    heads = len(weights.heads)
    for stage in (weights.surface, weights.full):
        shapes = (stage.bias.shape, stage.hints.shape, stage.surface.shape, stage.vector.shape[1:])
        if not all(np.isfinite(one).all() for one in (stage.bias, stage.hints, stage.surface, stage.vector)):
            raise ProjectError("holds weights that are not numbers", hint="Train it again.", path=str(path))
        if shapes != ((heads,), (len(weights.hints), heads), (SIZE, heads), (heads,)):
            raise ProjectError(
                f"holds weights of other shapes: {shapes!r}", hint="Train it with this version.", path=str(path)
            )
