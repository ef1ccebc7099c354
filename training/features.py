"""What the models are fitted on: surfaces and vectors of texts, and the fits themselves."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression

from citeward.guardrails.classifier.surface import SIZE, surfaces
from citeward.guardrails.classifier.weights import Linear
from citeward.retrieval.embedding.minilm import MiniLM

Floats = npt.NDArray[np.float64]
LOUDNESS = 2.0
"""How much larger the vector is made beside the surface, so that one penalty suits both."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """Of n texts."""

    surface: sparse.csr_matrix
    vectors: npt.NDArray[np.float32]
    hints: npt.NDArray[np.float32]
    """float32[n, k]."""

    def stacked(self, *, full: bool) -> sparse.csr_matrix:
        """One matrix; without the vectors where not full."""
        blocks = [sparse.csr_matrix(self.hints), self.surface]
        return sparse.hstack([*blocks, sparse.csr_matrix(LOUDNESS * self.vectors)] if full else blocks).tocsr()


def features(texts: Sequence[str], hints: npt.NDArray[np.float32], cache: Path | None) -> Features:
    """The features of all texts; vectors are kept in `cache` from run to run, by a hash of the text."""
    seen = surfaces(texts)
    surface = sparse.csr_matrix((seen.values, (seen.rows, seen.places)), shape=(len(texts), SIZE))
    return Features(surface=surface, vectors=_vectors(texts, cache), hints=hints)


def fit(stacked: sparse.csr_matrix, labels: Floats, weights: Floats, *, penalty: float) -> LogisticRegression:
    """A logistic model; `weights` say how much each text counts."""
    model = LogisticRegression(C=1 / penalty, solver="liblinear", max_iter=1000)
    return model.fit(stacked, labels.astype(int), sample_weight=weights)


def linear(models: Sequence[LogisticRegression], hints: int) -> Linear:
    """The models of all heads, as the classifier reads them."""
    rows = np.stack([model.coef_[0] for model in models], axis=1)
    return Linear(
        bias=np.array([model.intercept_[0] for model in models], np.float32),
        hints=rows[:hints].astype(np.float32),
        surface=rows[hints : hints + SIZE].astype(np.float32),
        vector=(LOUDNESS * rows[hints + SIZE :]).astype(np.float32),
    )


def _vectors(texts: Sequence[str], cache: Path | None) -> npt.NDArray[np.float32]:
    known: dict[str, npt.NDArray[np.float32]] = {}
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as file:
            known = dict(zip(file["keys"].tolist(), file["rows"], strict=True))
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32] for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        print(f"embedding {len(missing):,} texts", flush=True)
        rows = asyncio.run(MiniLM().embed(list(missing.values())))
        known |= dict(zip(missing, rows, strict=True))
        if cache is not None:
            np.savez(cache, keys=np.array(list(known)), rows=np.stack(list(known.values())))
    return np.stack([known[key] for key in keys])
