"""One version of a tenant's table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from citeward.retrieval.lancedb.columns import Ordered, column_name
from citeward.retrieval.lancedb.where import mixed_rows


class Snapshot:
    """Whatever is asked of it, the answers belong together: the table as one commit left it.

    Args:
        table: A handle that does not look for newer commits.
        version: Tells it from every other version of the table, and of one that stood in its place.
        names: The columns that hold what can be ordered.
    """

    def __init__(self, table: Any, *, version: str, names: tuple[str, ...]) -> None:
        self.table = table
        self.version = version
        self._names = names
        self._mixed: dict[str, bool] = {}

    async def ordered(self, keys: Iterable[str]) -> Ordered:
        """The columns for comparing these keys of `ranges`."""
        for key in keys:
            if key not in self._mixed and column_name(key) in self._names:
                counts = await asyncio.gather(*map(self.table.count_rows, mixed_rows(key, self._names)))
                self._mixed[key] = any(counts)
        return Ordered(names=self._names, mixed=frozenset(key for key, some in self._mixed.items() if some))
