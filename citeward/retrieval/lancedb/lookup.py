"""What is read from one version of a table by name rather than searched for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from citeward.contracts.retrieval import Document, StoredDocument
from citeward.retrieval.checks import utf8
from citeward.retrieval.lancedb.rows import DOCUMENT, LISTED, document, listed
from citeward.retrieval.lancedb.where import among, quoted


async def read_document(table: Any, document_id: str) -> Document | None:
    """The document with its whole text; None where it is not there."""
    query = table.query().where(f"document_id = {quoted(utf8(document_id))} AND ordinal = 0")
    found = await query.select(list(DOCUMENT)).limit(1).to_list()
    return document(found[0]) if found else None


async def read_listing(table: Any) -> AsyncIterator[StoredDocument]:
    """Every document without its text, read at once (some 100 bytes a document).

    Whoever takes his time over them thus never asks for a version that is gone.
    """
    rows = await table.query().where("ordinal = 0").select(list(LISTED)).to_arrow()
    for part in rows.to_batches(max_chunksize=1_000):
        for row in part.to_pylist():
            yield listed(row)


async def read_tokens(table: Any, passage_ids: Sequence[str]) -> dict[str, bytes]:
    """`Chunk.tokens` by passage id, where there are some."""
    query = table.query().where(f"tokens IS NOT NULL AND {among('id', map(utf8, passage_ids))}")
    return {row["id"]: row["tokens"] for row in await query.select(["id", "tokens"]).to_list()}


async def count_passages(table: Any) -> int:
    """Rows that are passages: a document without any is a row too."""
    return int(await table.count_rows("start IS NOT NULL"))
