"""Documents and passages as rows of one table.

One row a passage. The first row of a document also carries the document itself (`body`, its own meta, the number of
passages), so that a document and its passages are replaced by one commit; a document without passages is such a row
without a `text`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from citeward.contracts.retrieval import Chunk, Document, MetaValue, Passage, StoredDocument, Vectors
from citeward.retrieval.analysis import passage_terms
from citeward.retrieval.checks import check_batch
from citeward.retrieval.lancedb.columns import column_name, loose_term
from citeward.retrieval.terms import access_terms, meta_ranges, meta_terms

PASSAGE = ("id", "document_id", "text", "start", "end", "source", "title", "meta")
"""Columns that make a Passage."""
DOCUMENT = ("document_id", "body", "source", "title", "document_meta", "groups", "content_hash")
"""Columns that make a Document, on its first row."""
LISTED = ("document_id", "content_hash", "source", "passages")
"""Columns that make a StoredDocument."""


def schema(tenant: str, dimensions: int | None) -> Any:
    """The Arrow schema of a tenant's table; without a vector where there is no embedder."""
    import pyarrow as pa

    texts = pa.list_(pa.string())
    fields = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("document_id", pa.string(), nullable=False),
        pa.field("ordinal", pa.int32(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("words", pa.string()),
        pa.field("start", pa.int64()),
        pa.field("end", pa.int64()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("meta", pa.string(), nullable=False),
        pa.field("terms", texts),
        pa.field("ranges", pa.json_()),
        pa.field("access", texts),
        pa.field("body", pa.large_string()),
        pa.field("document_meta", pa.string()),
        pa.field("groups", texts),
        pa.field("content_hash", pa.string()),
        pa.field("passages", pa.int32()),
        pa.field("tokens", pa.large_binary()),
        pa.field("known", pa.int32()),
    ]
    if dimensions is not None:
        fields.append(pa.field("vector", pa.list_(pa.float32(), dimensions)))
    return pa.schema(fields, metadata={"citeward.tenant": tenant})


def ordered_field(name: str) -> Any:
    """The Arrow field of a column that `columns.column_name` names."""
    import pyarrow as pa

    return pa.field(name, pa.float64() if name.startswith("n") else pa.string())


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Documents and their passages, checked and ready to become a table."""

    rows: Sequence[dict[str, Any]]
    vectors: Any
    """As an Arrow array; None where the store holds none."""

    @property
    def ranges(self) -> list[dict[str, float | str]]:
        """What can be ordered, by row."""
        return [row["ranges"] for row in self.rows]

    def table(self, shape: Any, ordered: Sequence[str]) -> Any:
        """The rows as an Arrow table.

        Args:
            shape: As `schema` makes it.
            ordered: The columns of what can be ordered that the stored table has, in its order.
        """
        import pyarrow as pa

        fields = [*shape, *map(ordered_field, ordered)]
        rows = [_in_columns(row, ordered) for row in self.rows]
        columns = []
        for field in fields:
            if field.name == "vector":
                columns.append(self.vectors)
            elif field.name == "ranges":
                storage = pa.array([row["ranges"] for row in rows], field.type.storage_type)
                columns.append(pa.ExtensionArray.from_storage(field.type, storage))
            else:
                columns.append(pa.array([row.get(field.name) for row in rows], field.type))
        return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=shape.metadata))


def batch(
    dimensions: int | None,
    documents: Sequence[Document],
    chunks: Sequence[Sequence[Chunk]],
    vectors: Sequence[Vectors],
) -> Batch:
    """The documents and their passages as rows.

    Raises:
        InvalidInput: Sequences of different lengths, a document twice, offsets that do not give the chunk's text,
            vectors of another shape or not finite, values that cannot be stored.
    """
    check_batch(documents, chunks, vectors, dimensions)
    return Batch(
        rows=[row for document, pieces in zip(documents, chunks, strict=True) for row in _rows(document, pieces)],
        vectors=None if dimensions is None else _vectors(dimensions, chunks, vectors),
    )


def passage(row: Mapping[str, Any]) -> Passage:
    """A row with the columns PASSAGE as it was stored."""
    return Passage(**{name: row[name] for name in PASSAGE if name != "meta"}, meta=_meta(row["meta"]))


def document(row: Mapping[str, Any]) -> Document:
    """A first row with the columns DOCUMENT as it was stored."""
    return Document(
        id=row["document_id"],
        text=row["body"],
        source=row["source"],
        title=row["title"],
        meta=_meta(row["document_meta"]),
        groups=tuple(row["groups"]),
        content_hash=row["content_hash"],
    )


def listed(row: Mapping[str, Any]) -> StoredDocument:
    """A first row with the columns LISTED."""
    return StoredDocument(
        id=row["document_id"], content_hash=row["content_hash"], source=row["source"], passages=row["passages"]
    )


def _rows(document: Document, chunks: Sequence[Chunk]) -> list[dict[str, Any]]:
    rows = [_row(document, chunk.ordinal, {**document.meta, **chunk.meta}) for chunk in chunks]
    for row, chunk in zip(rows, chunks, strict=True):
        row |= {"text": chunk.text, "words": passage_terms(document, chunk), "start": chunk.start, "end": chunk.end}
        row["tokens"] = chunk.tokens or None
    rows = rows or [_row(document, 0, document.meta)]
    rows[0] |= {
        "body": document.text,
        "document_meta": json.dumps(dict(document.meta)),
        "groups": list(document.groups),
        "content_hash": document.content_hash,
        "passages": len(chunks),
    }
    return rows


def _row(document: Document, ordinal: int, meta: Mapping[str, MetaValue]) -> dict[str, Any]:
    return {
        "id": f"{document.id}#{ordinal}",
        "document_id": document.id,
        "ordinal": ordinal,
        "source": document.source,
        "title": document.title,
        "meta": json.dumps(dict(meta)),
        "terms": meta_terms(meta),
        "ranges": {key: value + 0.0 if isinstance(value, float) else value for key, value in meta_ranges(meta).items()},
        "access": access_terms(document.groups),
    }


def _in_columns(row: Mapping[str, Any], ordered: Sequence[str]) -> dict[str, Any]:
    """The row with its ordered values in these columns, and a term for each that has none."""
    values = {column_name(key): value for key, value in row["ranges"].items()}
    loose = [loose_term(key) for key in row["ranges"] if column_name(key) not in ordered]
    return {
        **row,
        **{name: values.get(name) for name in ordered},
        "known": len(ordered),
        "terms": [*row["terms"], *loose],
        "ranges": json.dumps(row["ranges"], ensure_ascii=False),
    }


def _vectors(size: int, chunks: Sequence[Sequence[Chunk]], vectors: Sequence[Vectors]) -> Any:
    import pyarrow as pa

    parts, mask = [], []
    for pieces, rows in zip(chunks, vectors, strict=True):
        parts.append(np.asarray(rows, np.float32).reshape(-1, size) if pieces else np.zeros((1, size), np.float32))
        mask += [False] * len(pieces) or [True]
    flat = np.concatenate([part.ravel() for part in parts]) if parts else np.zeros(0, np.float32)
    return pa.FixedSizeListArray.from_arrays(
        pa.array(flat), type=pa.list_(pa.float32(), size), mask=pa.array(mask, pa.bool_())
    )


def _meta(text: str) -> dict[str, MetaValue]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(text).items()}
