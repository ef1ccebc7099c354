"""The tables of a store's folder: opened once, made whole, kept."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from citeward.errors import StoreReadOnly
from citeward.retrieval.lancedb.faults import corrupt, faults
from citeward.retrieval.lancedb.rows import schema
from citeward.retrieval.lancedb.tenants import table_name, tenant_name

FLAT = 30_000
"""Rows up to which the vector leg compares with every vector; above, `optimize` builds an index."""
_ROWS_A_PARTITION = 400
_OLD_VERSIONS = timedelta(minutes=10)
"""How long a replaced version stays readable: longer than any search takes."""


class Tables:
    """Opens and makes tables. One connection; each table's handle looks for new commits before each read."""

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        self.folder = folder
        self._read_only = read_only
        self._connection: Any = None
        self._open: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def find(self, tenant: str) -> Any | None:
        """The tenant's table; None where it is not there.

        Raises:
            StoreCorrupt: Its files are missing or garbled.
        """
        name = table_name(tenant)
        state = _state(self.folder / f"{name}.lance")
        if state == "damaged":
            self._open.pop(name, None)
            raise corrupt(self.folder, f"the versions of tenant {tenant!r} are missing")
        if state == "absent":
            self._open.pop(name, None)
            return None
        if name in self._open:
            return self._open[name]
        async with self._lock:
            if name not in self._open:
                self._open[name] = await self._opened(name)
            return self._open[name]

    async def make(self, tenant: str, dimensions: int | None) -> Any:
        """The tenant's table, made where it is not there."""
        if (table := await self.find(tenant)) is not None:
            return table
        name = table_name(tenant)
        async with self._lock:
            with faults(self.folder):
                connection = await self._connect()
                table = await connection.create_table(name, schema=schema(tenant, dimensions), exist_ok=True)
                await _index(table)
            self._open[name] = table
        return table

    async def every(self) -> dict[str, Any]:
        """Each tenant that has a table, with it."""
        found = {}
        for path in _folders(self.folder):
            tenant = tenant_name(path.stem)
            if tenant is None:
                with faults(self.folder):
                    metadata = (await (await (await self._connect()).open_table(path.stem)).schema()).metadata or {}
                tenant = metadata.get(b"citeward.tenant", b"").decode()
            if tenant and (table := await self.find(tenant)) is not None:
                found[tenant] = table
        return found

    def identity(self, tenant: str) -> str:
        """Tells the tenant's table from another one that stood in its place before.

        File systems give a freed inode number out again, so the time that the folder was last changed goes with it.
        """
        status = (self.folder / f"{table_name(tenant)}.lance").stat()
        return f"{status.st_ino:x}-{status.st_mtime_ns:x}"

    async def fold(self, table: Any) -> None:
        """Take new rows into the indexes that are there, merge small files, drop old versions."""
        with faults(self.folder):
            await table.optimize(cleanup_older_than=_OLD_VERSIONS)

    async def optimize(self, table: Any) -> None:
        """Fold, and index the vectors once there are many."""
        from lancedb.index import IvfFlat

        await self.fold(table)
        with faults(self.folder):
            names = {index.columns[0] for index in await table.list_indices()}
            fields = (await table.schema()).names
            if "vector" in fields and "vector" not in names and (rows := await table.count_rows()) > FLAT:
                partitions = rows // _ROWS_A_PARTITION
                await table.create_index("vector", config=IvfFlat(distance_type="cosine", num_partitions=partitions))

    def close(self) -> None:
        """Give back handles and connection."""
        for table in self._open.values():
            table.close()
        self._open.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _opened(self, name: str) -> Any:
        with faults(self.folder):
            table = await (await self._connect()).open_table(name)
            if "words" in {index.columns[0] for index in await table.list_indices()}:
                return table
            # Whoever made the table was stopped before its indexes were there.
            if self._read_only:
                raise StoreReadOnly(
                    f"the store {str(self.folder)!r} was not finished, and is open for reading only",
                    hint="run `citeward index` once on it",
                )
            await _index(table)
            return table

    async def _connect(self) -> Any:
        if self._connection is None:
            import lancedb

            # An absolute path: a relative one that begins with "db" is taken for a cloud address.
            self._connection = await lancedb.connect_async(
                str(self.folder.absolute()), read_consistency_interval=timedelta(0)
            )
        return self._connection


async def _index(table: Any) -> None:
    from lancedb.index import FTS, BTree, LabelList

    there = {index.columns[0] for index in await table.list_indices()}
    words = FTS(
        base_tokenizer="whitespace",
        stem=False,
        remove_stop_words=False,
        lower_case=False,
        ascii_folding=False,
        max_token_length=None,
        with_position=False,
    )
    # The keyword index comes last: where it is, the others are.
    for column, config in (
        ("id", BTree()),
        ("document_id", BTree()),
        ("terms", LabelList()),
        ("access", LabelList()),
        ("words", words),
    ):
        if column not in there:
            # Another process that makes the same table may be first; `replace=False` then says so.
            with contextlib.suppress(ValueError):
                await table.create_index(column, config=config, replace=False)


def _state(path: Path) -> str:
    """`there`, `absent` (never made, or making it was stopped), or `damaged` (rows without a version)."""
    versions = path / "_versions"
    if versions.is_dir() and any(versions.iterdir()):
        return "there"
    return "damaged" if (path / "data").is_dir() and any((path / "data").iterdir()) else "absent"


def _folders(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.lance")) if folder.is_dir() else []
