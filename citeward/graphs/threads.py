"""Threads in a SQLite file: encrypted, listed, and dropped so that nothing of them stays in the file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from citeward.errors import CheckpointError
from citeward.graphs.encryption import Cipher, sealing
from citeward.logs import get_logger

_TABLES = {"checkpoints": "checkpoint", "writes": "value"}
"""The column of each table that holds what was serialized; its type stands in the column `type`."""
_AT_ONCE = 200
"""Rows that are encrypted between two commits."""
_UUID_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class StoredThread:
    """One thread of the file."""

    thread_id: str
    """The checkpointer's."""
    changed: datetime
    """When its last checkpoint was written."""


class SqliteThreads(AsyncSqliteSaver):
    """LangGraph's SQLite checkpointer with a cipher; what it deletes is overwritten.

    Of a checkpoint the file shows in the clear: the thread's id (tenant, subject, agent and name), the checkpoint's
    id and with it its time, the names of channels and nodes, and LangGraph's own notes (`source`, `step`, `parents`,
    and what an app itself puts into a config's `metadata` or `configurable`).

    Args:
        connection: Open.
        cipher: Encrypts what is written.
    """

    def __init__(self, connection: aiosqlite.Connection, cipher: Cipher) -> None:
        super().__init__(connection, serde=sealing(cipher))
        self.cipher = cipher

    async def setup(self) -> None:
        """Make the tables, and encrypt what was written before there was a key."""
        if self.is_setup:
            return
        await super().setup()
        # Deleted and replaced bytes are overwritten with zeros; most builds of SQLite do not do so by themselves.
        await self.conn.execute("PRAGMA secure_delete = ON")
        if await self._reencrypt("type NOT LIKE '%+%'"):
            await self._scrub()

    async def rekey(self) -> int:
        """Encrypt all that stands under older keys with the first one; returns the rows that were changed.

        Other processes must know the new key by then.
        """
        changed = await self._reencrypt(f"type NOT LIKE '%+{self.cipher.name}'")
        await self._scrub()
        return changed

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete the thread and leave nothing of it in the file or its log.

        Raises:
            CheckpointError: It was deleted, but a reader kept the log, so that old pages are still in there.
        """
        await super().adelete_thread(thread_id)
        if not await self._scrub():
            raise CheckpointError(
                f"the thread {thread_id!r} is deleted, but another process reads the file, so its log still holds it",
                hint="Delete it once more when the other process has come to rest; what the log holds is encrypted.",
            )

    async def stored(self, prefix: str) -> list[StoredThread]:
        """The threads whose id begins with `prefix`, the last changed first."""
        query = "SELECT thread_id, MAX(checkpoint_id) FROM checkpoints WHERE substr(thread_id, 1, ?) = ? GROUP BY 1"
        rows = await self._rows(query, (len(prefix), prefix))
        found = [StoredThread(thread_id=row[0], changed=_time(row[1])) for row in rows]
        return sorted(found, key=lambda thread: thread.changed, reverse=True)

    async def drop_older(self, age: timedelta) -> int:
        """Delete the threads in which nothing was said for so long; returns how many there were."""
        begin = datetime.now(UTC) - age
        old = [thread.thread_id for thread in await self.stored("") if thread.changed < begin]
        for thread_id in old:
            await super().adelete_thread(thread_id)
        if old:
            await self._scrub()
        return len(old)

    async def _reencrypt(self, which: str) -> int:
        """Encrypt the rows that the condition names with the first key."""
        changed = 0
        for table, column in _TABLES.items():
            while rows := await self._rows(f"SELECT rowid, type, {column} FROM {table} WHERE {which} LIMIT {_AT_ONCE}"):
                sealed = [(*self._sealed(kind, value), row, kind, value) for row, kind, value in rows]
                # Only where it still is what was read: another process may have replaced it meanwhile.
                update = f"UPDATE {table} SET type = ?, {column} = ? WHERE rowid = ? AND type = ? AND {column} = ?"
                async with self.lock:
                    await self.conn.executemany(update, sealed)
                    await self.conn.commit()
                changed += len(rows)
        return changed

    def _sealed(self, kind: str, value: bytes) -> tuple[str, bytes]:
        plain, _, name = kind.partition("+")
        name, sealed = self.cipher.encrypt(self.cipher.decrypt(name, value) if name else value)
        return f"{plain}+{name}", sealed

    async def _scrub(self) -> bool:
        """Write the log into the file, where zeros replace what was deleted, and empty it; False where a reader in
        another process does not let it be emptied."""
        async with self.lock, self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
            row = await cursor.fetchone()
        if row is None or not row[0]:
            return True
        logger.warning("threads.log_in_use")
        return False

    async def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        async with self.lock, self.conn.execute(query, values) as cursor:
            return list(await cursor.fetchall())


async def last_cipher(connection: aiosqlite.Connection) -> str | None:
    """Name of the cipher that the file was last written with; None where nothing in it is encrypted."""
    query = "SELECT type FROM checkpoints WHERE type LIKE '%+%' ORDER BY rowid DESC LIMIT 1"
    try:
        async with connection.execute(query) as cursor:
            row = await cursor.fetchone()
    except aiosqlite.OperationalError:  # a file that is new has no tables
        return None
    return None if row is None else str(row[0]).partition("+")[2]


async def keep_dropping(threads: SqliteThreads, age: timedelta, *, every: float = 3600.0) -> None:
    """Delete old threads now and every so many seconds, until cancelled."""
    while True:
        try:
            if dropped := await threads.drop_older(age):
                logger.info("threads.dropped", threads=dropped)
        except sqlite3.Error as error:
            logger.warning("threads.not_dropped", error=type(error).__name__)
        await asyncio.sleep(every)


def _time(checkpoint_id: str) -> datetime:
    """When a checkpoint was made: LangGraph's ids are version 6 UUIDs, whose time counts 100 ns since 1582."""
    value = UUID(checkpoint_id).int
    ticks = ((value >> 80) << 12) | ((value >> 64) & 0xFFF)
    return _UUID_EPOCH + timedelta(microseconds=ticks // 10)
