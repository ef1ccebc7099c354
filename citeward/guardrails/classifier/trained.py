"""A guard's classifier, loaded when it is first needed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from citeward.contracts.retrieval import Embedder
from citeward.guardrails.classifier.model import Classifier, fits
from citeward.guardrails.classifier.weights import Weights, read_weights

logger = structlog.get_logger(__name__)


class Trained:
    """Weights in a file, and the embedder that they may be used with. Making one opens nothing.

    Args:
        guard: Whose it is, for the log.
        path: The weights.
        embedder: None judges by the surface alone; so does one of another space, which the log says.
    """

    def __init__(self, guard: str, path: Path, embedder: Embedder | None) -> None:
        self._guard = guard
        self._path = path
        self._embedder = embedder
        self._loaded: Classifier | None = None

    def load(self) -> Classifier:
        """The classifier; reads the file the first time, some milliseconds. Raises ProjectError as `read_weights`."""
        if self._loaded is None:
            weights = read_weights(self._path)
            self._warn(weights)
            self._loaded = Classifier(weights, self._embedder)
            logger.debug("guard.classifier", guard=self._guard, judges_by=self._loaded.reads)
        return self._loaded

    async def loaded(self) -> Classifier:
        """The same, the file read in a thread."""
        return self._loaded if self._loaded is not None else await asyncio.to_thread(self.load)

    def _warn(self, weights: Weights) -> None:
        if self._embedder is not None and not fits(weights, self._embedder):
            logger.warning(
                "guard.classifier.embedder",
                guard=self._guard,
                trained_on=weights.embedder,
                given=self._embedder.name,
                hint="The guard judges by the surface of a text alone. Fit it with this embedder to use more.",
            )
