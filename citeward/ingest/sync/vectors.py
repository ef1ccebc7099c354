"""Passages embedded, in slices that bound what is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from citeward.contracts.retrieval import Embedder, TokenEmbedder, TokenPacker, TokenVectors, Vectors
from citeward.errors import ContextTooLong, InputTooLong, InvalidInput
from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import Batch
from citeward.ingest.sync.recipe import Cut
from citeward.retrieval.place import placed

SLICE = 256
"""Texts that the embedder is given at once."""
TOKEN_SLICE = 64
"""Likewise where it gives token vectors, of which a text has some 100 KB to 300 KB before they are packed."""
REFUSALS = (InvalidInput, InputTooLong, ContextTooLong)
"""What one document's content brings about, and no other document's."""


async def embedded(
    batches: AsyncIterator[Batch], embedder: Embedder | None, packer: TokenPacker | None
) -> AsyncGenerator[Batch]:
    """The batches with vectors; a document that the embedder refuses is skipped with the reason."""
    async for batch in batches:
        made = await embed_each(batch.cuts, embedder, packer)
        yield replace(
            batch,
            cuts=tuple(item for item in made if isinstance(item, Cut)),
            skipped=(*batch.skipped, *(item for item in made if isinstance(item, Skipped))),
        )


async def embed_each(
    cuts: Sequence[Cut], embedder: Embedder | None, packer: TokenPacker | None
) -> Sequence[Cut | Skipped]:
    """Each document with its vectors, in order, or why the embedder refuses it."""
    try:
        return await embed(cuts, embedder, packer)
    except REFUSALS as error:
        if len(cuts) == 1:
            return [refusal(cuts[0], error)]
        return [item for cut in cuts for item in await embed_each([cut], embedder, packer)]


def refusal(cut: Cut, error: InvalidInput | InputTooLong | ContextTooLong) -> Skipped:
    """The document as skipped for what the embedder or the store said of it."""
    return Skipped(id=cut.document.id, source=cut.document.source, reason=error.message)


async def embed(cuts: Sequence[Cut], embedder: Embedder | None, packer: TokenPacker | None) -> tuple[Cut, ...]:
    """The documents with a row a passage; rows without columns where there is no embedder.

    Args:
        cuts: Documents with their passages.
        embedder: Makes the vectors.
        packer: Packs the token vectors into each passage, where the embedder gives any.
    """
    chunks = [chunk for cut in cuts for chunk in cut.chunks]
    if embedder is None:
        rows: Vectors = np.zeros((len(chunks), 0), np.float32)
    else:
        texts = [placed(chunk.text, title=cut.document.title, meta=chunk.meta) for cut in cuts for chunk in cut.chunks]
        if packer is not None and _gives_tokens(embedder):
            rows, packed = await _both(texts, embedder, packer)
            chunks = [replace(chunk, tokens=tokens) for chunk, tokens in zip(chunks, packed, strict=True)]
        else:
            rows = _stacked([await embedder.embed(part) for part in _slices(texts, SLICE)], embedder)
    ends = np.cumsum([len(cut.chunks) for cut in cuts])
    parts = np.split(rows, ends[:-1]) if cuts else []
    starts = [0, *ends[:-1].tolist()] if cuts else []
    return tuple(
        replace(cut, chunks=tuple(chunks[start : start + len(cut.chunks)]), vectors=part)
        for cut, start, part in zip(cuts, starts, parts, strict=True)
    )


async def _both(texts: Sequence[str], embedder: TokenEmbedder, packer: TokenPacker) -> tuple[Vectors, list[bytes]]:
    parts: list[Vectors] = []
    packed: list[bytes] = []

    def pack(tokens: Sequence[TokenVectors], texts: Sequence[str]) -> list[bytes]:
        return [packer.pack(one, text) for one, text in zip(tokens, texts, strict=True)]

    for part in _slices(texts, TOKEN_SLICE):
        vectors, tokens = await embedder.embed_both(part)
        parts.append(vectors)
        packed += await asyncio.to_thread(pack, tokens, part)
    return _stacked(parts, embedder), packed


def _gives_tokens(embedder: Embedder) -> TypeGuard[TokenEmbedder]:
    return hasattr(embedder, "embed_both")


def _slices(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _stacked(parts: Sequence[Vectors], embedder: Embedder) -> Vectors:
    return np.concatenate(parts) if parts else np.zeros((0, embedder.dimensions), np.float32)
