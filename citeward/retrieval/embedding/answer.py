"""Reads what a `/v1/embeddings` endpoint answered."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from citeward.contracts.retrieval import Vectors
from citeward.endpoint import Json
from citeward.endpoint.refusal import shape
from citeward.errors import BadResponse, SettingsError

_HINT = "Is this the address and the model of an embeddings endpoint? See what its server logs."


def vectors_of(answer: Json, texts: Sequence[str], *, model: str, dimensions: int) -> Vectors:
    """float32[len(texts), dimensions], each row of unit length, in the order of `texts`.

    Args:
        answer: The JSON; each vector is a list of numbers, or base64 of little-endian float32.
        texts: What was sent.
        model: As errors name it.
        dimensions: As they should be.

    Raises:
        BadResponse: Something else came back, another number of vectors, or one that has no direction.
        SettingsError: The vectors have another length.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(one, dict) and "embedding" in one for one in data):
        raise BadResponse(f"Model {model!r} answered without embeddings ({shape(answer)}).", hint=_HINT)
    if len(data) != len(texts):
        raise BadResponse(f"Model {model!r} gave {len(data)} vectors for {len(texts)} texts.", hint=_HINT)
    places = [one.get("index", at) for at, one in enumerate(data)]
    if sorted(str(place) for place in places) != sorted(str(at) for at in range(len(texts))):
        raise BadResponse(f"Model {model!r} does not number its vectors 0 to {len(texts) - 1}.", hint=_HINT)
    rows = np.empty((len(texts), dimensions), np.float64)
    for place, one in zip(places, data, strict=True):
        row = _numbers(one["embedding"], model)
        if row.shape != (dimensions,):
            raise SettingsError(
                f"Model {model!r} gives vectors of {row.size} numbers, and {dimensions} were expected.",
                hint=f"Set `dimensions` to {row.size}, or name the model that was meant. A store that was filled with "
                "other vectors has to be indexed anew.",
            )
        rows[int(place)] = row
    peaks = np.abs(rows).max(axis=1)
    for at in np.flatnonzero(~(np.isfinite(peaks) & (peaks > 0)))[:1]:
        kind = "zeros" if peaks[at] == 0 else "numbers that are not finite"
        raise BadResponse(
            f"Model {model!r} gave a vector of {kind} for text {at + 1} of {len(texts)}.",
            hint="The model cannot embed this text: change it, or use another model or precision.",
        )
    rows /= peaks[:, None]  # so that no square is too large or too small for a float
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _numbers(value: object, model: str) -> npt.NDArray[np.float64]:
    try:
        if isinstance(value, str):
            return np.frombuffer(base64.b64decode(value, validate=True), "<f4").astype(np.float64)
        row = np.asarray(value, np.float64)
    except (ValueError, TypeError) as error:
        raise BadResponse(f"Model {model!r} gave a vector that cannot be read.", hint=_HINT) from error
    if row.ndim != 1:
        raise BadResponse(
            f"Model {model!r} gave numbers of shape {row.shape} for one text.",
            hint="Its server seems to give a vector for each token: switch pooling on there.",
        )
    return row
