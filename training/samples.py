"""Documents cut into the pieces that a classifier judges, and scores put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.features import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One labelled text."""

    text: str
    family: str
    """Where it is from; figures are given by family."""
    kinds: frozenset[str] = frozenset()
    """What is wrong with it; empty where nothing is."""
    weight: float = 1.0
    context: str = ""
    """What it stands in; it is judged beside it, and does not count itself."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """All pieces of all documents."""

    texts: list[str]
    owner: Ints
    """Of each piece, which document."""
    weights: Floats
    """Of each piece; a document's own weight shared among its pieces."""

    def worst(self, scores: Floats, documents: int) -> Floats:
        """A document's score: its worst piece's."""
        out = np.full(documents, -np.inf)
        np.maximum.at(out, self.owner, scores)
        return out


def pieces(documents: Sequence[Document], cut: Callable[[str], Sequence[str]]) -> Pieces:
    """Every document cut; one that `cut` makes nothing of is a piece as it is."""
    cuts = [list(cut(document.text)) or [document.text] for document in documents]
    counts = np.array([len(one) for one in cuts])
    owner = np.repeat(np.arange(len(documents)), counts)
    weights = np.array([document.weight for document in documents]) / counts
    return Pieces(texts=[text for one in cuts for text in one], owner=owner, weights=weights[owner])


def recall_at(share: float, positive: Floats, negative: Floats) -> float:
    """The share of positives above all but this share of the negatives."""
    allowed = int(share * len(negative) + 1e-9)
    limit = np.sort(negative)[::-1][allowed] if allowed < len(negative) else -np.inf
    return float((positive > limit).mean())


def quantile(values: Floats, share: float) -> float:
    """The value that this share of the others lies below."""
    return float(np.quantile(values, share))
