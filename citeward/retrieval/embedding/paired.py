"""One embedder for the vectors that are searched, another for those of single tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from citeward.contracts.model import Location
from citeward.contracts.retrieval import Embedder, TokenEmbedder, TokenVectors, Vectors


class PairedEmbedder:
    """A `TokenEmbedder` of two: an endpoint that gives one vector a text, and a model here that gives its tokens'.

    Args:
        embedder: Makes the vectors; its name and dimensions are the pair's.
        tokens: Makes the token vectors.
    """

    def __init__(self, embedder: Embedder, *, tokens: TokenEmbedder) -> None:
        self._embedder = embedder
        self._tokens = tokens

    @property
    def name(self) -> str:
        """Of the space that is searched."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """Of the space that is searched."""
        return self._embedder.dimensions

    @property
    def location(self) -> Location:
        """Of what makes the vectors."""
        return getattr(self._embedder, "location", Location.LOCAL)

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        """float32[n, dimensions], by the first of the two."""
        return await self._embedder.embed(texts, queries=queries)

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        """One entry a text, by the second of the two."""
        return await self._tokens.embed_tokens(texts)

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        """Both, at the same time."""
        vectors, tokens = await asyncio.gather(self._embedder.embed(texts), self._tokens.embed_tokens(texts))
        return vectors, tokens
