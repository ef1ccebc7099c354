"""Keeping a table fast while it is written: new rows into its indexes, small files merged, old versions dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from citeward.retrieval.lancedb.faults import faults
from citeward.retrieval.lancedb.vectors import index_vectors

_ROWS = 4_000
"""Rows outside the indexes that are borne with; the keyword leg reads those one by one, some 10 ms a thousand."""
_FILES = 100
"""Commits since the last fold that are borne with; each may have added a file that every search opens."""
OLD_VERSIONS = timedelta(minutes=2)
"""How long a replaced version stays readable: longer than any search takes."""


@dataclass(kw_only=True)
class _Due:
    rows: int
    files: int


class Upkeep:
    """Counts what was written, by table, and folds when it is due; what other processes left is counted at first."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._due: dict[str, _Due] = {}

    async def written(self, tenant: str, table: Any, rows: int) -> None:
        """To be called after each commit of so many rows."""
        with faults(self._store):
            due = self._due.get(tenant)
            if due is None:
                due = self._due[tenant] = await _left(table)
            else:
                due.rows += rows
                due.files += 1
            if due.rows >= _ROWS or due.files >= _FILES:
                del self._due[tenant]
                await fold(table)

    async def all(self, tenant: str, table: Any) -> None:
        """Fold, and index the vectors once there are many."""
        with faults(self._store):
            await fold(table)
            await index_vectors(table)
            self._due[tenant] = _Due(rows=0, files=0)


async def fold(table: Any) -> None:
    """Take new rows into the indexes that are there, merge small files, drop old versions."""
    await table.optimize(cleanup_older_than=OLD_VERSIONS)


async def _left(table: Any) -> _Due:
    """What nobody folded yet."""
    words = await table.index_stats("words_idx")
    fragments = (await table.stats())["fragment_stats"]
    return _Due(rows=words.num_unindexed_rows if words else 0, files=fragments["num_small_fragments"])
