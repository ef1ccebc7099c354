"""Commits: documents with their passages, put there and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from citeward.retrieval.lancedb.columns import column_names, missing
from citeward.retrieval.lancedb.rows import Batch, ordered_field, schema
from citeward.retrieval.lancedb.where import among

_IDS_AT_ONCE = 500


async def commit(table: Any, batch: Batch, document_ids: Iterable[str], *, tenant: str, dimensions: int | None) -> None:
    """Write the batch in place of every earlier row of these documents, after adding the columns that it needs."""
    names = column_names((await table.schema()).names)
    if new := missing(batch.ranges, names):
        # Another process may add columns at the same time: then the rows say which of their values are in none.
        with contextlib.suppress(RuntimeError, ValueError):
            await table.add_columns([ordered_field(name) for name in new])
        names = column_names((await table.schema()).names)
    await (
        table.merge_insert("id")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .when_not_matched_by_source_delete(among("document_id", document_ids))
        # A document without passages has no vector.
        .execute(batch.table(schema(tenant, dimensions), names), on_bad_vectors="null")
    )


async def remove(table: Any, document_ids: Sequence[str]) -> int:
    """Delete documents with all their passages; returns how many were there."""
    ids, removed = list(dict.fromkeys(document_ids)), 0
    for start in range(0, len(ids), _IDS_AT_ONCE):
        condition = among("document_id", ids[start : start + _IDS_AT_ONCE])
        there = await table.count_rows(f"ordinal = 0 AND {condition}")
        if there:
            await table.delete(condition)
        removed += there
    return removed
