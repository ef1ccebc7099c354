"""The tables of a space: opened once, made whole, kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from citeward.errors import StoreReadOnly
from citeward.retrieval.lancedb.columns import column_names
from citeward.retrieval.lancedb.faults import corrupt, faults
from citeward.retrieval.lancedb.rows import schema
from citeward.retrieval.lancedb.snapshot import Snapshot
from citeward.retrieval.lancedb.tenants import table_name, tenant_name

_INDEX_CACHE = 1 << 30
"""Bytes of indexes kept in memory: enough for the graph of a million passages. LanceDB's own bound is six times that,
and a long fill reaches it, as each fold makes its indexes anew."""
_METADATA_CACHE = 128 << 20
_NATIVE = {
    # Else it warns, on every terminal, of a default that will change.
    "LANCE_INCLUDE_VECTOR_CENTROIDS": "false",
    # A fold reads the whole table; with these it holds a third less of it at a time, and searches cost the same.
    "LANCE_DEFAULT_IO_BUFFER_SIZE": str(32 << 20),
    "LANCE_DEFAULT_BATCH_SIZE": "512",
}
"""What LanceDB's native code takes from the environment, where the environment says nothing."""


class Tables:
    """Opens and makes tables. One connection for handles that see each commit, and one for snapshots.

    Args:
        store: The store's folder; messages name it.
        folder: The space's.
        read_only: Make nothing whole.
    """

    def __init__(self, store: Path, folder: Path, *, read_only: bool) -> None:
        self.folder = folder
        self._store = store
        self._read_only = read_only
        self._connections: tuple[Any, Any] | None = None
        self._open: dict[str, Any] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._lock = asyncio.Lock()

    async def find(self, tenant: str) -> Any | None:
        """The tenant's table, for writing; None where it is not there.

        Raises:
            StoreCorrupt: Its files are missing or garbled.
        """
        name = table_name(tenant)
        state = _state(self.folder / f"{name}.lance")
        if state != "there":
            self._open.pop(name, None)
            self._snapshots.pop(name, None)
        if state == "damaged":
            raise corrupt(self._store, f"the versions of tenant {tenant!r} are missing")
        if state == "absent":
            return None
        if name in self._open:
            return self._open[name]
        async with self._lock:
            if name not in self._open:
                self._open[name] = await self._opened(name)
            return self._open[name]

    async def snapshot(self, tenant: str) -> Snapshot | None:
        """The tenant's table as its last commit left it; None where it is not there."""
        table = await self.find(tenant)
        if table is None:
            return None
        name = table_name(tenant)
        with faults(self._store):
            version = f"{self._identity(name)}.{await table.version()}"
            held = self._snapshots.get(name)
            if held is None or held.version != version:
                _, fixed = await self._connect()
                pinned = await fixed.open_table(name)
                version = f"{self._identity(name)}.{await pinned.version()}"
                names = column_names((await pinned.schema()).names)
                held = self._snapshots[name] = Snapshot(pinned, version=version, names=names)
        return held

    async def make(self, tenant: str, dimensions: int | None) -> Any:
        """The tenant's table, made where it is not there."""
        if (table := await self.find(tenant)) is not None:
            return table
        name = table_name(tenant)
        async with self._lock:
            with faults(self._store):
                live, _ = await self._connect()
                table = await live.create_table(name, schema=schema(tenant, dimensions), exist_ok=True)
                await _index(table)
            self._open[name] = table
        return table

    async def every(self) -> dict[str, Any]:
        """Each tenant that has a table, with it."""
        found = {}
        for path in _folders(self.folder):
            tenant = tenant_name(path.stem)
            if tenant is None:
                with faults(self._store):
                    live, _ = await self._connect()
                    metadata = (await (await live.open_table(path.stem)).schema()).metadata or {}
                tenant = metadata.get(b"citeward.tenant", b"").decode()
            if tenant and (table := await self.find(tenant)) is not None:
                found[tenant] = table
        return found

    def close(self) -> None:
        """Give back handles and connections."""
        for table in self._open.values():
            table.close()
        self._open.clear()
        self._snapshots.clear()
        for connection in self._connections or ():
            connection.close()
        self._connections = None

    def _identity(self, name: str) -> str:
        """Tells a table from another one that stood in its place before.

        File systems give a freed inode number out again, so the time that the folder was last changed goes with it.
        """
        status = (self.folder / f"{name}.lance").stat()
        return f"{status.st_ino:x}-{status.st_mtime_ns:x}"

    async def _opened(self, name: str) -> Any:
        with faults(self._store):
            live, _ = await self._connect()
            table = await live.open_table(name)
            if "words" in {index.columns[0] for index in await table.list_indices()}:
                return table
            # Whoever made the table was stopped before its indexes were there.
            if self._read_only:
                raise StoreReadOnly(
                    f"the store {str(self._store)!r} was not finished, and is open for reading only",
                    hint="run `citeward index` once on it",
                )
            await _index(table)
            return table

    async def _connect(self) -> tuple[Any, Any]:
        """What gives handles that look for new commits before each call, and what gives those that never do."""
        if self._connections is None:
            # Before the native code is loaded, which reads them once.
            for name, value in _NATIVE.items():
                os.environ.setdefault(name, value)
            import lancedb

            # An absolute path: a relative one that begins with "db" is taken for a cloud address.
            path = str(self.folder.absolute())
            session = lancedb.Session(_INDEX_CACHE, _METADATA_CACHE)
            live = await lancedb.connect_async(path, read_consistency_interval=timedelta(0), session=session)
            self._connections = (live, await lancedb.connect_async(path, session=session))
        return self._connections


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
