"""Judging texts with a classifier's weights: by their surface, and by their embedding where that may matter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from citeward.contracts.retrieval import Embedder
from citeward.errors import CitewardError
from citeward.guardrails.classifier.surface import Surfaces, surfaces
from citeward.guardrails.classifier.weights import Linear, Matrix, Weights
from citeward.logs import get_logger

logger = get_logger(__name__)

_INLINE = 4_000
"""Characters whose surface is read on the event loop, about a millisecond's worth; more are read in a thread."""


class Classifier:
    """Gives each text a score a head, 0..1.

    Most texts are clearly harmless by their surface, at a tenth of the cost of embedding them: the embedder is only
    asked about those that are not.

    Args:
        weights: As `read_weights` gave them.
        embedder: Makes the vectors; None, or one of another space than the weights were trained on, judges by the
            surface alone.

    Example:
        >>> import asyncio
        >>> from citeward.guardrails.classifier.weights import FOLDER, read_weights
        >>> classifier = Classifier(read_weights(FOLDER / "injection.npz"))
        >>> asyncio.run(classifier.judge(["How do I ignore a file?"], np.zeros((1, 2), np.float32), head=0)).shape
        (1, 2)
    """

    def __init__(self, weights: Weights, embedder: Embedder | None = None) -> None:
        self.weights = weights
        self._embedder = embedder if embedder is not None and fits(weights, embedder) else None

    @property
    def reads(self) -> str:
        """What it judges by, for people."""
        if self._embedder is None:
            return f"{self.weights.name}, by the surface of the text alone"
        return f"{self.weights.name}, by the surface of the text and its embedding by {self._embedder.name}"

    @property
    def embeds(self) -> bool:
        """Whether there is an embedder to ask."""
        return self._embedder is not None

    def by_surface(self, texts: Sequence[str], hints: Matrix | None = None, /) -> Matrix:
        """Scores float32[n, heads] by the surface alone, about 0.2 ms for a question.

        Args:
            texts: What to judge, each at most a part or a line long.
            hints: float32[n, k], what the guard knows of each; zeros where None.
        """
        return _sigmoid(_logits(self.weights.surface, surfaces(texts), hints))

    async def judge(
        self, texts: Sequence[str], hints: Matrix | None = None, /, *, head: int | None = None, most: int = 8
    ) -> Matrix:
        """Scores float32[n, heads] by all that there is; by the surface alone, with a warning, where embedding fails.

        Args:
            texts: What to judge, each at most a part or a line long.
            hints: float32[n, k], what the guard knows of each; zeros where None.
            head: The one that matters, for deciding which texts are clear; None asks for all heads.
            most: The most texts that are embedded, those with the highest scores by their surface.
        """
        whole = sum(map(len, texts))
        seen = await asyncio.to_thread(surfaces, texts) if whole > _INLINE else surfaces(texts)
        scores = _sigmoid(_logits(self.weights.surface, seen, hints))
        if self._embedder is None or not len(texts):
            return scores
        heads = slice(None) if head is None else slice(head, head + 1)
        over = (scores - np.array(self.weights.clear, np.float32))[:, heads].max(axis=1)
        asked = [int(place) for place in np.argsort(-over, kind="stable")[:most] if over[place] >= 0]
        if asked:
            try:
                vectors = await self._embedder.embed([texts[place] for place in asked])
            except CitewardError as error:
                # A guard that goes on with less is better than one that stops every question.
                logger.warning("guard.classifier.embedder", classifier=self.weights.name, reason=error.message)
                return scores
            told = _logits(self.weights.full, seen, hints)[asked]
            scores[asked] = _sigmoid(told + vectors @ self.weights.full.vector)
        return scores


def _logits(linear: Linear, seen: Surfaces, hints: Matrix | None) -> Matrix:
    """Without the vectors' part."""
    told: Matrix = linear.bias + seen.weighed(linear.surface)
    return told if hints is None else told + hints @ linear.hints


def fits(weights: Weights, embedder: Embedder) -> bool:
    """Whether the weights were trained on this embedder's space."""
    return embedder.name == weights.embedder and embedder.dimensions == len(weights.full.vector)


def _sigmoid(values: Matrix) -> Matrix:
    result: Matrix = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result
