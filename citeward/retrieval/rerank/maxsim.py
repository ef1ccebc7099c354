"""Late interaction: each word of the question finds the word of the passage that means most nearly the same.

MaxSim (O. Khattab, M. Zaharia, "ColBERT", *SIGIR* 2020) over the token vectors of the embedder at hand, which was not
trained for it. Three things make up for that. Only words that carry meaning are compared. Similarities are raised to
the eighth power before they are averaged, since such a model finds any two words of one topic alike. And the result is
added to the score of the search, which knows things that words alone do not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from citeward.contracts.retrieval import Passage, TokenEmbedder, TokenVectors, Vectors
from citeward.errors import InvalidInput, StoreCorrupt
from citeward.logs import get_logger
from citeward.retrieval.place import placed
from citeward.retrieval.rerank.content import content_tokens
from citeward.retrieval.rerank.packing import TokenVectorPacker

POWER = 8
"""Of each word's best similarity: .9 counts for .43, .7 for .06."""
WEIGHT = 4
"""Of the words' mean beside the search's score, which is scaled to 0..1. The best passage's mean is about .2, so both
weigh about alike. Powers of 4 and 8 and weights of 2, 4 and 8 measured the same within noise."""
BATCH = 8
"""Passages without stored vectors that one rerank embeds at a time, so that others get their turn."""

logger = get_logger(__name__)


class TokenStore(Protocol):
    """Where packed token vectors are kept; every `Store` is one."""

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> Mapping[str, bytes]:
        """By passage id; passages without any are left out."""
        ...


class MaxSimReranker:
    """A `Reranker` that needs no model beside the embedder.

    Passages whose token vectors are stored cost a fraction of a millisecond each; those of others, or whose stored ones
    cannot be read, are embedded on the way, some 10 ms each.

    Args:
        embedder: The one whose vectors are stored.
        stored: Where they are stored; None embeds every passage on the way.
        packer: What packed them.
    """

    def __init__(
        self, embedder: TokenEmbedder, *, stored: TokenStore | None = None, packer: TokenVectorPacker | None = None
    ) -> None:
        self._embedder = embedder
        self._stored = stored
        self._packer = packer or TokenVectorPacker()

    @property
    def name(self) -> str:
        """With the form of the stored vectors."""
        return f"maxsim/{self._embedder.name}/{self._packer.name}"

    async def rerank(
        self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"
    ) -> list[Passage]:
        """At most `limit` passages, best first; equals stay in the order given. `score` is 0..1.

        Raises:
            InvalidInput: `limit` is not positive.
            StoreError: The stored vectors cannot be fetched.
            ModelUnavailable: The embedder cannot run.
        """
        if limit < 1:
            raise InvalidInput(f"a limit of {limit!r} keeps nothing", hint="Give 1 or more.")
        if not passages:
            return []
        (asked,), packed = await asyncio.gather(self._embedder.embed_tokens([query]), self._fetch(passages, tenant))
        vectors = asked.vectors[content_tokens(query, asked.offsets)] if len(asked.vectors) else asked.vectors
        similar = await asyncio.to_thread(self._read, vectors, packed)
        missing = [passage for passage in passages if passage.id not in similar]
        if packed and len(packed) > len(similar):
            logger.warning("rerank.unreadable_tokens", passages=len(packed) - len(similar))
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            texts = [placed(passage.text, title=passage.title, meta=passage.meta) for passage in part]
            for passage, text, tokens in zip(part, texts, await self._embedder.embed_tokens(texts), strict=True):
                similar[passage.id] = closeness(vectors, _content(text, tokens))
        found = _scaled([passage.score for passage in passages])
        scores = (found + WEIGHT * np.array([similar[passage.id] for passage in passages])) / (1 + WEIGHT)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [replace(passages[index], score=float(scores[index])) for index in order]

    async def _fetch(self, passages: Sequence[Passage], tenant: str) -> Mapping[str, bytes]:
        if self._stored is None:
            return {}
        return await self._stored.tokens([passage.id for passage in passages], tenant=tenant)

    def _read(self, asked: Vectors, packed: Mapping[str, bytes]) -> dict[str, float]:
        """The closeness by passage id, as far as the packed vectors can be read and are as long as the question's."""
        turned = self._packer.turn(asked)
        similar = {}
        for key, blob in packed.items():
            try:
                rows = self._packer.unpack(blob)
            except StoreCorrupt:
                continue
            if rows.shape[1] == asked.shape[1]:
                similar[key] = closeness(turned, rows)
        return similar


def closeness(asked: Vectors, said: Vectors) -> float:
    """How much of a question a passage says, 0..1: the mean over the question's tokens of the best similarity among
    the passage's, to the power of `POWER`; 0 where either has none.

    Args:
        asked: float32[m, d], unit rows.
        said: float32[n, d], unit rows or what estimates them.
    """
    if not len(asked) or not len(said):
        return 0.0
    # Not `@`: BLAS would start threads, which on a busy machine wait for each other a hundred times as long.
    best = np.einsum("md,nd->mn", asked, said).max(axis=1)
    return float((np.clip(best, 0.0, 1.0) ** POWER).mean())


def _content(text: str, tokens: TokenVectors) -> Vectors:
    return tokens.vectors[content_tokens(text, tokens.offsets)] if len(tokens.vectors) else tokens.vectors


def _scaled(scores: Sequence[float]) -> npt.NDArray[np.float64]:
    """From 0 (worst) to 1 (best), since only their order and distances mean something; all 1 where they are equal."""
    values = np.asarray(scores, np.float64)
    spread = float(np.ptp(values))
    return (values - values.min()) / spread if spread > 0 else np.ones_like(values)
