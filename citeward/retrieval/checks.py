"""What may be asked of a store, and what may be put into it: checked alike for every engine, before it is touched."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from citeward.contracts.retrieval import Chunk, Document, Filter, Vector, Vectors
from citeward.errors import InvalidInput
from citeward.retrieval.filters import check_filter, check_meta, check_text


def check_search(alpha: float, limit: int, filters: Filter | None) -> None:
    """Nothing where the search can be done; InvalidInput otherwise."""
    if not 1 <= limit <= 1000:
        raise InvalidInput(f"limit {limit!r} is out of range", hint="ask for 1 to 1000 passages")
    if not 0 <= alpha <= 1 or math.isnan(alpha):
        raise InvalidInput(f"alpha {alpha!r} is out of range", hint="0 is keyword only, 1 is vector only")
    if filters is not None:
        check_filter(filters)


def check_vector(vector: Vector, embedder: str, dimensions: int) -> Vector:
    """The query's vector as float32[dimensions]; InvalidInput where it has another length or is not finite."""
    values = np.asarray(vector, np.float32)
    if values.shape != (dimensions,) or not np.isfinite(values).all():
        raise InvalidInput(
            f"the query's vector has shape {values.shape!r} or holds a value that is not finite",
            hint=f"embed the query with {embedder!r}: {dimensions} finite numbers",
        )
    return values


def check_tenant(tenant: str) -> None:
    """Nothing where the tenant can have a name like this; InvalidInput otherwise."""
    if not tenant:
        raise InvalidInput("the tenant's name is empty", hint="leave the tenant out to use 'default'")
    check_text(tenant, "the tenant's name")


def check_batch(
    documents: Sequence[Document], chunks: Sequence[Sequence[Chunk]], vectors: Sequence[Vectors], dimensions: int | None
) -> None:
    """Nothing where the documents can be stored.

    Args:
        documents: As given to `upsert`.
        chunks: Likewise.
        vectors: Likewise.
        dimensions: Length of a vector; None where the store holds none, and takes arrays of no columns.

    Raises:
        InvalidInput: Sequences of different lengths, a document twice, offsets that do not give the chunk's text,
            vectors of another shape or not finite, values that cannot be stored.
    """
    if not len(documents) == len(chunks) == len(vectors):
        raise InvalidInput(
            f"{len(documents)} documents, {len(chunks)} lists of chunks, {len(vectors)} arrays of vectors",
            hint="give one list of chunks and one array of vectors for each document",
        )
    seen: set[str] = set()
    for document, pieces, rows in zip(documents, chunks, vectors, strict=True):
        if document.id in seen:
            raise InvalidInput(f"the document {document.id!r} is given twice", hint="give each document once a call")
        seen.add(document.id)
        _check_document(document, pieces)
        shape = (len(pieces), dimensions or 0)
        if len(pieces) and (rows.shape != shape or not np.isfinite(rows).all()):
            raise InvalidInput(
                f"the vectors of {document.id!r} have shape {rows.shape!r} or hold a value that is not finite",
                hint=f"give finite numbers in the shape {shape!r}, one row a chunk",
            )


def utf8(text: str) -> str:
    """The text with half characters, which no stored text holds, made question marks."""
    return text.encode("utf-8", "replace").decode()


def _check_document(document: Document, chunks: Sequence[Chunk]) -> None:
    if not document.id:
        raise InvalidInput(f"a document from {document.source!r} has no id", hint="give each document an id that stays")
    for what, text in (
        ("id", document.id),
        ("text", document.text),
        ("source", document.source),
        ("title", document.title),
        ("content_hash", document.content_hash),
        *(("group", group) for group in document.groups),
    ):
        check_text(text, f"the {what} of {document.id!r}")
    check_meta(document.meta, document.id)
    for ordinal, chunk in enumerate(chunks):
        name = f"{document.id}#{ordinal}"
        placed = 0 <= chunk.start < chunk.end and document.text[chunk.start : chunk.end] == chunk.text
        if chunk.ordinal != ordinal or not placed:
            raise InvalidInput(
                f"chunk {chunk.ordinal!r} of {document.id!r} at {chunk.start!r}..{chunk.end!r} is not the text there",
                hint="number chunks from 0; text must be document.text[start:end] and not empty",
            )
        check_meta(chunk.meta, name)
