"""A cross-encoder that runs in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from citeward.contracts.retrieval import Passage
from citeward.errors import BadResponse, InvalidInput, ModelUnavailable, SettingsError
from citeward.logs import masked


class CrossEncoderReranker:
    """A `Reranker` that reads question and passage together, by sentence-transformers (extra `cross-encoder`).

    Making one opens nothing. The first call loads the model, from its folder or from the hub, in a thread of its own,
    and all calls run in that thread one after another: torch itself uses every core for one of them. Passages that
    are longer than the model's window are cut by its tokenizer. The method is Nogueira and Cho 2019, "Passage
    re-ranking with BERT".

    Args:
        model: Name on the hub, or folder.
        device: As `cpu` or `cuda:0`; chosen by torch where None.
        batch: Pairs that run at once.

    Raises:
        SettingsError: `batch` is below 1.
    """

    def __init__(self, model: str, *, device: str | None = None, batch: int = 32) -> None:
        if batch < 1:
            raise SettingsError(f"A batch of {batch!r} pairs scores nothing.", hint="Give 1 or more.")
        self._name = model
        self._device = device
        self._batch = batch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="citeward-cross-encoder")
        self._model: Any = None

    @property
    def name(self) -> str:
        """The model's."""
        return self._name

    async def rerank(
        self,
        query: str,
        passages: Sequence[Passage],
        /,
        *,
        limit: int,
        tenant: str = "default",  # noqa: ARG002 - a text is judged alike for everybody
    ) -> list[Passage]:
        """At most `limit` passages, best first, by the model's scores; equal ones keep their order.

        Raises:
            InvalidInput: `limit` is below 1.
            ModelUnavailable: sentence-transformers is not installed, or the model cannot be loaded.
            SettingsError: The model gives more than one score a pair.
            BadResponse: A score is not finite.
        """
        if limit < 1:
            raise InvalidInput(f"A limit of {limit!r} keeps no passage.", hint="Give 1 or more.")
        if not passages:
            return []
        pairs = [(_clean(query), _clean(passage.text)) for passage in passages]
        scores = await asyncio.get_running_loop().run_in_executor(self._thread, self._scores, pairs)
        best = sorted(range(len(passages)), key=lambda at: (-scores[at], at))[:limit]
        return [replace(passages[at], score=scores[at]) for at in best]

    def _scores(self, pairs: list[tuple[str, str]]) -> list[float]:
        if self._model is None:
            self._model = self._load()
        scores = np.asarray(self._model.predict(pairs, batch_size=self._batch, show_progress_bar=False), np.float64)
        if scores.shape != (len(pairs),):
            raise SettingsError(
                f"Model {self._name!r} gives {scores.size // len(pairs)} scores a pair, not one.",
                hint="Name a cross-encoder that was trained to rank, not one that tells classes apart.",
            )
        if not np.isfinite(scores).all():
            at = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise BadResponse(
                f"Model {self._name!r} gave passage {at} the score {scores[at]}.",
                hint="Use another model, or another precision.",
            )
        return [float(score) for score in scores]

    def _load(self) -> Any:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise ModelUnavailable(
                f"The cross-encoder {self._name!r} needs sentence-transformers, which is not installed.",
                hint="pip install 'citeward[cross-encoder]'",
            ) from error
        try:
            return CrossEncoder(self._name, device=self._device)
        except Exception as error:  # the hub's, torch's and the tokenizer's errors share no base of their own
            raise ModelUnavailable(
                f"The cross-encoder {self._name!r} cannot be loaded ({type(error).__name__}).",
                hint="Check the name or the folder; without a network the model must be on this machine already.",
                detail=masked(str(error)),
            ) from error


def _clean(text: str) -> str:
    """Valid UTF-8: a lone surrogate is no text to a tokenizer."""
    return text.encode("utf-8", "replace").decode()
