"""Token vectors of whole passages, the latest ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from citeward.contracts.retrieval import TokenEmbedder, TokenVectors

KEPT = 16_384
"""Tokens whose vectors are kept: about 25 MB of them, a hundred passages."""

WINDOWS = 4
"""Times that a text is carried on with where the embedder cut it; what lies beyond is judged by its words."""


class PassageVectors:
    """Embeds passages token by token, past the embedder's window too; what was read lately is not embedded again.

    Args:
        embedder: Cuts a text at its window; what is left over is embedded from there on.
        keep: Tokens to keep at most.
    """

    def __init__(self, embedder: TokenEmbedder, *, keep: int = KEPT) -> None:
        self._embedder = embedder
        self._keep = keep
        self._kept: OrderedDict[str, TokenVectors] = OrderedDict()
        self._size = 0

    async def of(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The vectors of each text, in order."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._kept]
        made = dict(zip(missing, await self._embed(missing), strict=True)) if missing else {}
        found = [made[text] if text in made else self._kept[text] for text in texts]
        for text, vectors in zip(texts, found, strict=True):
            self._size += 0 if text in self._kept else len(vectors.vectors)
            self._kept[text] = vectors
            self._kept.move_to_end(text)
        while self._size > self._keep and self._kept:
            self._size -= len(self._kept.popitem(last=False)[1].vectors)
        return found

    async def _embed(self, texts: Sequence[str]) -> list[TokenVectors]:
        made = await self._embedder.embed_tokens(texts)
        return [await self._whole(text, vectors) for text, vectors in zip(texts, made, strict=True)]

    async def _whole(self, text: str, vectors: TokenVectors) -> TokenVectors:
        """Carries on where the embedder's window cut the text."""
        for _ in range(WINDOWS):
            end = vectors.offsets[-1][1] if vectors.offsets else 0
            if not end or end >= len(text.rstrip()):
                break
            (rest,) = await self._embedder.embed_tokens([text[end:]])
            if not rest.offsets:
                break
            offsets = tuple((start + end, stop + end) for start, stop in rest.offsets)
            vectors = TokenVectors(
                vectors=np.concatenate([vectors.vectors, rest.vectors]), offsets=vectors.offsets + offsets
            )
        return vectors
