"""Threads in a SQLite file: encrypted, listed, and dropped so that nothing of them stays in the file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, cast
from uuid import UUID

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from citeward.contracts.run import CallRecord, Leases
from citeward.contracts.tool import ToolResult
from citeward.errors import CheckpointError
from citeward.graphs.checkpoints import SEALED, EncryptedCheckpointer
from citeward.graphs.encryption import Cipher, sealed_with, unbound_key
from citeward.graphs.leases import FileLeases, MemoryLeases
from citeward.graphs.records import CALLS, CHECKPOINTS, WRITES, opened_result, sealed_result
from citeward.graphs.state import checkpoint_serializer
from citeward.logs import get_logger

FORMAT = 2
"""Of the file, as its `user_version` says: each value is bound to its place. Older versions left 0 there."""
_CALLS = """
CREATE TABLE IF NOT EXISTS citeward_calls (
    thread_id TEXT NOT NULL,
    key TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    result BLOB,
    PRIMARY KEY (thread_id, key)
)
"""
_BATCH = 200
"""Rows that are read at once, and encrypted between two commits."""
_CONVERTING = 60_000
"""Milliseconds that a process waits for another that converts the file."""
_UUID_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class StoredThread:
    """One thread that is stored."""

    thread_id: str
    """The checkpointer's."""
    changed: datetime
    """When its last checkpoint was written."""


class SqliteThreads(EncryptedCheckpointer):
    """A checkpointer on a SQLite file with a cipher; what it deletes is overwritten.

    It is also the journal of its threads' tool calls, and gives their leases, which hold between all processes on the
    file. What stands in the clear: the thread's id (tenant, subject, agent and name), the checkpoint's id and with it
    its time, the names of nodes and of channels with pending writes, LangGraph's own notes (`source`, `step`,
    `parents`), and digests of recorded tool calls.

    Args:
        connection: Open.
        cipher: Encrypts what is written.
    """

    def __init__(self, connection: aiosqlite.Connection, cipher: Cipher) -> None:
        super().__init__(AsyncSqliteSaver(connection), cipher)
        self._store = cast("AsyncSqliteSaver", self.saver)
        self.conn = connection
        self.lock = self._store.lock = _Turn(connection)
        self._ready = False
        self._setting_up = asyncio.Lock()
        self._leases: Leases | None = None

    async def setup(self) -> None:
        """Make the tables, and convert once what an older version stored.

        Raises:
            CheckpointError: The file's mark is gone, or what an older version stored does not open.
        """
        async with self._setting_up:
            if self._ready:
                return
            await self._store.setup()
            # Deleted and replaced bytes are overwritten with zeros; most builds of SQLite do not do so by themselves.
            await self.conn.execute("PRAGMA secure_delete = ON")
            await self.conn.execute(_CALLS)
            await self.conn.commit()
            if await self._format() < FORMAT and (converted := await self._convert()):
                logger.warning("threads.converted", values=converted, format=FORMAT)
                await self._scrub()
            self._ready = True

    async def aget_tuple(self, config: Any) -> Any:
        """As the base does, on a file that is ready."""
        await self.setup()
        return await super().aget_tuple(config)

    async def alist(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        """As the base does, on a file that is ready."""
        await self.setup()
        async for found in super().alist(*args, **options):
            yield found

    async def aput(self, *args: Any) -> Any:
        """As the base does, on a file that is ready."""
        await self.setup()
        return await super().aput(*args)

    async def aput_writes(self, *args: Any, **options: Any) -> None:
        """As the base does, on a file that is ready."""
        await self.setup()
        await super().aput_writes(*args, **options)

    async def rekey(self) -> int:
        """Encrypt all that stands under older keys with the first one; returns the values that were changed.

        Other processes must know the new key by then.
        """
        await self.setup()
        changed = 0
        for table in (CHECKPOINTS, WRITES, CALLS):
            last = 0
            while rows := await self._rows(table.select, (last, _BATCH)):
                last = rows[-1][0]
                new = [(*table.resealed(self, row), row[0], row[-1]) for row in rows]
                # Only what still is as it was read: another process may have replaced it meanwhile.
                updates = [update for update, row in zip(new, rows, strict=True) if update[-3] != row[-1]]
                async with self.lock:
                    await self.conn.executemany(table.update, updates)
                    await self.conn.commit()
                changed += len(updates)
        await self._scrub()
        return changed

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete the thread and leave nothing of it in the file or its log.

        Raises:
            CheckpointError: It was deleted, but a reader kept the log, so that old pages are still in there.
        """
        await self.setup()
        await self._delete(thread_id)
        if not await self._scrub():
            raise CheckpointError(
                f"the thread {thread_id!r} is deleted, but another process reads the file, so its log still holds it",
                hint="Delete it once more when the other process has come to rest; what the log holds is encrypted.",
            )

    async def stored(self, prefix: str) -> list[StoredThread]:
        """The threads whose id begins with `prefix`, the last changed first."""
        await self.setup()
        query = "SELECT thread_id, MAX(checkpoint_id) FROM checkpoints WHERE substr(thread_id, 1, ?) = ? GROUP BY 1"
        rows = await self._rows(query, (len(prefix), prefix))
        found = [StoredThread(thread_id=row[0], changed=time_of(row[1])) for row in rows]
        return sorted(found, key=lambda thread: thread.changed, reverse=True)

    async def drop_older(self, age: timedelta) -> int:
        """Delete the threads in which nothing was said for so long; returns how many there were."""
        begin = datetime.now(UTC) - age
        old = [thread.thread_id for thread in await self.stored("") if thread.changed < begin]
        for thread_id in old:
            await self._delete(thread_id)
        if old:
            await self._scrub()
        return len(old)

    async def recorded(self, thread_id: str, key: str, /) -> CallRecord:
        """What is known of a tool call."""
        await self.setup()
        query = "SELECT attempts, result FROM citeward_calls WHERE thread_id = ? AND key = ?"
        rows = await self._rows(query, (thread_id, key))
        if not rows:
            return CallRecord()
        attempts, result = rows[0]
        return CallRecord(attempts=attempts, result=opened_result(self.cipher, thread_id, key, result))

    async def begin(self, thread_id: str, key: str, /, *, attempts: int) -> bool:
        """Record that the call is about to be made; False when it was begun more often, or has a result."""
        await self.setup()
        if attempts:
            statement = (
                "UPDATE citeward_calls SET attempts = attempts + 1 "
                "WHERE thread_id = ? AND key = ? AND attempts = ? AND result IS NULL"
            )
            values: tuple[Any, ...] = (thread_id, key, attempts)
        else:
            statement = "INSERT OR IGNORE INTO citeward_calls (thread_id, key, attempts) VALUES (?, ?, 1)"
            values = (thread_id, key)
        return await self._changed(statement, values) == 1

    async def finish(self, thread_id: str, key: str, result: ToolResult, /) -> None:
        """Record what came of the call."""
        sealed = sealed_result(self.cipher, thread_id, key, result)
        statement = "UPDATE citeward_calls SET result = ? WHERE thread_id = ? AND key = ?"
        await self._changed(statement, (sealed, thread_id, key))

    async def forget(self, thread_id: str, /) -> None:
        """Delete the records of a thread's tool calls."""
        await self.setup()
        await self._changed("DELETE FROM citeward_calls WHERE thread_id = ?", (thread_id,))

    async def acquire(self, thread_id: str, /) -> bool:
        """Take the lease of a thread."""
        if self._leases is None:
            file = (await self._rows("PRAGMA database_list"))[0][2]
            if self._leases is None:  # of several that come first at once, all use the same
                self._leases = FileLeases(Path(f"{file}.lock")) if file else MemoryLeases()
        return await self._leases.acquire(thread_id)

    async def release(self, thread_id: str, /) -> None:
        """Give the lease back."""
        if self._leases is not None:
            await self._leases.release(thread_id)

    def close(self) -> None:
        """Give all leases back; the connection is its owner's to close."""
        if isinstance(self._leases, FileLeases):
            self._leases.close()

    async def _delete(self, thread_id: str) -> None:
        await super().adelete_thread(thread_id)
        await self._changed("DELETE FROM citeward_calls WHERE thread_id = ?", (thread_id,))

    async def _format(self) -> int:
        return int((await self._rows("PRAGMA user_version"))[0][0])

    async def _convert(self) -> int:
        """Bind every row to its place, all or none, and mark the file; returns the rows.

        It is done in a file without the mark alone, so that no row of an older version, put there later by whoever can
        write the file, is ever taken for one of this version.
        """
        usual = (await self._rows("PRAGMA busy_timeout"))[0][0]
        await self.conn.execute(f"PRAGMA busy_timeout = {_CONVERTING}")
        converted = 0
        try:
            async with self.lock, self._transaction():
                if (await self._select("PRAGMA user_version"))[0][0] >= FORMAT:  # another process was faster
                    return 0
                for table in (CHECKPOINTS, WRITES):
                    last = 0
                    while rows := await self._select(table.select, (last, _BATCH)):
                        last = rows[-1][0]
                        await self.conn.executemany(
                            table.update, [(*table.bound(self, row), row[0], row[-1]) for row in rows]
                        )
                        converted += len(rows)
                await self.conn.execute(f"PRAGMA user_version = {FORMAT}")
        finally:
            # A question must not wait as long for a lock as a conversion may.
            await self.conn.execute(f"PRAGMA busy_timeout = {usual}")
        return converted

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        await self.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            await self.conn.rollback()
            raise
        await self.conn.commit()

    async def _scrub(self) -> bool:
        """Write the log into the file, where zeros replace what was deleted, and empty it; False when a reader in
        another process does not let it be emptied."""
        async with self.lock, self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
            row = await cursor.fetchone()
        if row is None or not row[0]:
            return True
        logger.warning("threads.log_in_use")
        return False

    async def _changed(self, statement: str, values: Sequence[Any]) -> int:
        async with self.lock:
            async with self.conn.execute(statement, values) as cursor:
                changed = cursor.rowcount
            await self.conn.commit()
        return changed

    async def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        async with self.lock:
            return await self._select(query, values)

    async def _select(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """As `_rows`, for who holds the lock."""
        async with self.conn.execute(query, values) as cursor:
            return list(await cursor.fetchall())


class _Turn(asyncio.Lock):
    """The lock of a connection. Who fails while holding it leaves no transaction open.

    A statement that found the file locked, or the disk full, leaves one behind. The connection would go on to read
    what the file held then, and could never write again once another process has.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__()
        self._connection = connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what failed, and give the lock to the next."""
        try:
            if error is not None and self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    await self._connection.rollback()
        finally:
            self.release()


async def last_key(connection: aiosqlite.Connection) -> str | None:
    """Id of the key that the file was last written with; None when nothing in it is encrypted."""
    query = "SELECT type, checkpoint FROM checkpoints ORDER BY rowid DESC LIMIT 100"
    try:
        async with connection.execute(query) as cursor:
            rows = await cursor.fetchall()
    except aiosqlite.OperationalError:  # a file that is new has no tables
        return None
    serde = checkpoint_serializer()
    for kind, stored in rows:
        if "+" in kind:
            return unbound_key(kind.partition("+")[2])
        whole = serde.loads_typed((kind, stored))
        sealed = whole.get("channel_values", {}).get(SEALED) if isinstance(whole, dict) else None
        if isinstance(sealed, bytes):
            return sealed_with(sealed)
    return None


class Drops(Protocol):
    """What deletes old threads."""

    async def drop_older(self, age: timedelta, /) -> int:
        """Delete the threads in which nothing was said for so long; returns how many there were."""
        ...


async def keep_dropping(threads: Drops, age: timedelta, *, every: float = 3600.0) -> None:
    """Delete old threads now and every so many seconds, until cancelled."""
    while True:
        try:
            if dropped := await threads.drop_older(age):
                logger.info("threads.dropped", threads=dropped)
        except (sqlite3.Error, CheckpointError) as error:
            logger.warning("threads.not_dropped", error=type(error).__name__)
        await asyncio.sleep(every)


def time_of(checkpoint_id: str) -> datetime:
    """When a checkpoint was made: LangGraph's ids are version 6 UUIDs, whose time counts 100 ns since 1582."""
    value = UUID(checkpoint_id).int
    ticks = ((value >> 80) << 12) | ((value >> 64) & 0xFFF)
    return _UUID_EPOCH + timedelta(microseconds=ticks // 10)
