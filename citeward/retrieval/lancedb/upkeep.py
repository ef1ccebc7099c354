"""Keeping a table fast while it is written: new rows into its indexes, small files merged, old versions dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from citeward.retrieval.lancedb.columns import column_names
from citeward.retrieval.lancedb.faults import faults
from citeward.retrieval.lancedb.vectors import index_vectors

_ROWS = 4_000
"""Rows outside the indexes that are borne with; the keyword leg reads those one by one, some 10 ms a thousand."""
_FILES = 100
"""Files since the last fold that are borne with; a search looks into each of them."""
_ROWS_SHARE, _FILES_SHARE = 8, 2_000
"""A fold writes the whole table anew, so what is borne with grows with it: else filling n passages would cost n²."""
_SPARED = 200
"""`optimize` spares a table of which less than one row in so many was written since it was folded."""
COLUMNS_FROM = 30_000
"""Rows above which the columns of what can be ordered are indexed."""
OLD_VERSIONS = timedelta(minutes=2)
"""How long a replaced version stays readable: longer than any search takes."""


@dataclass(kw_only=True)
class _Due:
    total: int
    """Rows of the table."""
    rows: int
    files: int
    removed: bool = False


class Upkeep:
    """Counts what was written, by tenant, and folds when it is due; what other processes left is counted at first."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._due: dict[str, _Due] = {}

    async def written(self, tenant: str, table: Any, rows: int) -> None:
        """To be called after each commit; `rows` is 0 for one that removes."""
        with faults(self._store):
            due = self._due.get(tenant)
            if due is None:
                due = self._due[tenant] = await _left(table)
            else:
                due.total += rows
                due.rows += rows
                due.files += 1
            due.removed = due.removed or not rows
            if due.rows >= max(_ROWS, due.total // _ROWS_SHARE) or due.files >= _FILES + due.total // _FILES_SHARE:
                await fold(table)
                del self._due[tenant]

    async def all(self, tenant: str, table: Any) -> None:
        """Fold where anything to speak of was written, and index the vectors once there are many."""
        with faults(self._store):
            due = self._due.get(tenant) or await _left(table)
            if due.removed or due.rows > min(_ROWS, due.total) // _SPARED or due.files > _FILES // 10:
                await fold(table)
            self._due.pop(tenant, None)
            await index_columns(table)
            await index_vectors(table)


async def fold(table: Any) -> None:
    """Take new rows into the indexes that are there, merge small files, drop old versions."""
    await table.optimize(cleanup_older_than=OLD_VERSIONS)


async def index_columns(table: Any) -> None:
    """Index what can be ordered, where the table is so large that reading a column whole is felt."""
    if await table.count_rows() > COLUMNS_FROM:
        from lancedb.index import BTree

        there = {index.columns[0] for index in await table.list_indices()}
        for name in column_names((await table.schema()).names):
            if name not in there:
                await table.create_index(name, config=BTree())


async def _left(table: Any) -> _Due:
    """What nobody folded yet."""
    words = await table.index_stats("words_idx")
    stats = await table.stats()
    return _Due(
        total=stats["num_rows"],
        rows=words.num_unindexed_rows if words is not None else 0,
        files=stats["fragment_stats"]["num_small_fragments"],
    )
