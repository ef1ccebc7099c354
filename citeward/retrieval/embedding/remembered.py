"""An embedder that remembers what it embedded last.

In one run the same question is wanted by the search, the reranker, the cache, the router, the guards and the extractive
model, and the same sentence by whoever checks it. Each text is embedded once for all of them.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from citeward.contracts.retrieval import TokenEmbedder, TokenVectors, Vector, Vectors
from citeward.text.digest import digest

KEPT = 8_192
"""Tokens whose vectors are kept: about 12 MB of them, some hundred questions and sentences."""
LONGEST = 1_000
"""Characters of a text that is remembered. Longer ones are documents, whose vectors are stored anyway."""
FEW = 8
"""Texts of a call that is remembered; a larger one is indexing."""


@dataclass(frozen=True, kw_only=True)
class _Both:
    vector: Vector
    tokens: TokenVectors

    @property
    def size(self) -> int:
        return 1 + len(self.tokens.vectors)


class RememberedEmbedder:
    """A `TokenEmbedder` of another, whose latest short texts are not embedded again.

    May be used from several threads and event loops. Where several ask for one text at the same time, it is embedded
    once and the others wait; where that fails or is cancelled, each of them goes on by itself.

    Args:
        embedder: It must embed questions as it embeds passages, as MiniLM does: both are remembered as one.
        keep: Tokens to keep at most.
    """

    def __init__(self, embedder: TokenEmbedder, *, keep: int = KEPT) -> None:
        self._embedder = embedder
        self._keep = keep
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, _Both] = OrderedDict()  # by a hash: no text is kept
        self._size = 0
        self._coming: dict[bytes, Future[_Both | None]] = {}

    @property
    def name(self) -> str:
        """The other's."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """The other's."""
        return self._embedder.dimensions

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        """float32[n, dimensions], each row of unit length. Raises as the other does."""
        if not _short(texts):
            return await self._embedder.embed(texts, queries=queries)
        return np.stack([both.vector for both in await self._both(texts)])

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        """Each text's token vectors; not to be written to. Raises as the other does."""
        if not _short(texts):
            return await self._embedder.embed_tokens(texts)
        return [both.tokens for both in await self._both(texts)]

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        """What `embed` and `embed_tokens` give. Raises as the other does."""
        if not _short(texts):
            return await self._embedder.embed_both(texts)
        found = await self._both(texts)
        return np.stack([both.vector for both in found]), [both.tokens for both in found]

    async def _both(self, texts: Sequence[str]) -> list[_Both]:
        found: dict[str, _Both] = {}
        while missing := [text for text in dict.fromkeys(texts) if text not in found]:
            mine, others = self._claim(missing, found)
            if mine:
                found |= await self._made(mine)
            for text, coming in others.items():
                if (both := await asyncio.wrap_future(coming)) is not None:
                    found[text] = both
        return [found[text] for text in texts]

    def _claim(
        self, texts: Sequence[str], found: dict[str, _Both]
    ) -> tuple[dict[str, Future[_Both | None]], dict[str, Future[_Both | None]]]:
        """Fills `found` with what is kept; returns what the caller has to embed, and what others are embedding."""
        mine: dict[str, Future[_Both | None]] = {}
        others: dict[str, Future[_Both | None]] = {}
        with self._lock:
            for text in texts:
                key = digest(text)
                if key in self._kept:
                    self._kept.move_to_end(key)
                    found[text] = self._kept[key]
                elif key in self._coming:
                    others[text] = self._coming[key]
                else:
                    mine[text] = self._coming[key] = Future()
                    # One who waits and is cancelled must not cancel it for the rest.
                    mine[text].set_running_or_notify_cancel()
        return mine, others

    async def _made(self, mine: dict[str, Future[_Both | None]]) -> dict[str, _Both]:
        made: dict[str, _Both] = {}
        try:
            vectors, tokens = await self._embedder.embed_both(list(mine))
            for one in tokens:
                one.vectors.flags.writeable = False
            for text, vector, one in zip(mine, vectors, tokens, strict=True):
                made[text] = _Both(vector=vector.copy(), tokens=one)
        finally:
            with self._lock:
                for text in mine:
                    del self._coming[digest(text)]
                for text, both in made.items():
                    self._kept[digest(text)] = both
                    self._size += both.size
                while self._size > self._keep:
                    self._size -= self._kept.popitem(last=False)[1].size
            for text, coming in mine.items():
                coming.set_result(made.get(text))
        return made


def _short(texts: Sequence[str]) -> bool:
    return not isinstance(texts, str) and 0 < len(texts) <= FEW and max(map(len, texts)) <= LONGEST
