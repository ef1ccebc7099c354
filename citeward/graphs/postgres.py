"""Threads in Postgres: encrypted, listed and deleted, for many servers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, OperationalError
from psycopg import Error as PsycopgError
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from citeward.contracts.run import CallRecord
from citeward.contracts.tool import ToolResult
from citeward.errors import CheckpointError
from citeward.graphs.checkpoints import SEALED, CheckpointPlace, EncryptedCheckpointer, clear_metadata, shell
from citeward.graphs.encryption import Cipher, sealed_with
from citeward.graphs.leases import lease_number
from citeward.graphs.records import opened_result, refuse_bound, resealed_result, sealed_result, unbound
from citeward.graphs.threads import FORMAT, StoredThread, time_of
from citeward.logs import get_logger

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import CheckpointTuple
    from langgraph.checkpoint.serde.base import SerializerProtocol

Connection = AsyncConnection[dict[str, Any]]
Pool = AsyncConnectionPool[Connection]

_SETUP = lease_number("citeward setup") - 2**63
"""The advisory lock of whoever makes or converts the tables."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS citeward_format (version INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS citeward_calls (thread_id TEXT NOT NULL, key TEXT NOT NULL, "
    "attempts INTEGER NOT NULL, result BYTEA, PRIMARY KEY (thread_id, key))",
)
_TRY_LOCK = "SELECT pg_try_advisory_lock(%s) AS taken"
_BATCH = 200
"""Rows that are read at once."""
_PAUSE = 0.1
"""Seconds between two looks whether another server has made the tables."""

logger = get_logger(__name__)


def connection_pool(url: str, *, connections: int = 10) -> Pool:
    """A pool of connections as LangGraph's checkpointer needs them, not opened yet: ``async with pool: …``.

    Args:
        url: Of the server itself, or of a pooler that keeps sessions: leases are locks of a session.
        connections: At most, 2 or more; one of them is kept for the leases.
    """
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool = AsyncConnectionPool(url, min_size=1, max_size=max(2, connections), kwargs=options, open=False)
    return cast("Pool", pool)


class PostgresThreads(EncryptedCheckpointer):
    """LangGraph's Postgres checkpointer with a cipher.

    It is also the journal of its threads' tool calls, and gives their leases: advisory locks of a session, which end
    with the process or its connection, whichever comes first. In the clear stands what `SqliteThreads` names.

    Args:
        pool: Open, made by `connection_pool`.
        cipher: Encrypts what is written.
    """

    def __init__(self, pool: Pool, cipher: Cipher) -> None:
        super().__init__(AsyncPostgresSaver(cast("Any", pool)), cipher)
        self._pool = pool
        self._session: Connection | None = None
        self._held: set[str] = set()
        self._lost: set[str] = set()
        """Threads whose lease went with its session, while their runs go on."""
        self._leasing = asyncio.Lock()

    async def setup(self) -> None:
        """Make the tables, and convert once what an older version stored. Call it before the first use.

        Raises:
            CheckpointError: The mark of the tables is gone, or what an older version stored does not open.
        """
        async with _answering(), self._pool.connection() as connection:
            # Servers that start together wait for the first of them; not inside a statement, because one that waits
            # keeps an index from being made.
            while not (await _all(connection, _TRY_LOCK, _SETUP))[0]["taken"]:  # noqa: ASYNC110 - nobody would tell
                await asyncio.sleep(_PAUSE)
            try:
                await AsyncPostgresSaver(cast("Any", connection)).setup()
                for table in _TABLES:
                    await connection.execute(table)
                marked = await _all(connection, "SELECT 1 AS one FROM citeward_format WHERE version >= %s", FORMAT)
                if not marked and (converted := await self._convert(connection)):
                    logger.warning("threads.converted", values=converted, format=FORMAT)
            finally:
                await connection.execute("SELECT pg_advisory_unlock(%s)", (_SETUP,))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As the base does. Raises CheckpointError when the database does not answer."""
        async with _answering():
            return await super().aget_tuple(config)

    async def aput(self, *args: Any) -> RunnableConfig:
        """As the base does. Raises CheckpointError when the database does not answer."""
        async with _answering():
            return await super().aput(*args)

    async def aput_writes(self, *args: Any, **options: Any) -> None:
        """As the base does. Raises CheckpointError when the database does not answer."""
        async with _answering():
            await super().aput_writes(*args, **options)

    async def aclose(self) -> None:
        """Give all leases back; the pool is its owner's to close."""
        async with self._leasing:
            await self._close_session()

    async def rekey(self) -> int:
        """Encrypt all that stands under older keys with the first one; returns the values that were changed.

        Other servers must know the new key by then.
        """
        changed = 0
        async with _answering(), self._pool.connection() as connection:
            for query, update in (
                (_OLD_CHECKPOINTS, self._rekey_checkpoint),
                (_OLD_WRITES, self._rekey_write),
                (_OLD_CALLS, self._rekey_call),
            ):
                # What was changed is found no more; what another server changes meanwhile ends the loop.
                while rows := await _all(connection, query, self._header, _BATCH):
                    done = sum([await update(connection, row) for row in rows])
                    changed += done
                    if not done:
                        break
        return changed

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete the thread. Postgres keeps deleted rows, encrypted, until it is vacuumed."""
        async with _answering():
            await super().adelete_thread(thread_id)
        await self.forget(thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Delete older checkpoints, as LangGraph's checkpointer does."""
        async with _answering():
            await self.saver.aprune(thread_ids, strategy=strategy)

    async def stored(self, prefix: str) -> list[StoredThread]:
        """The threads whose id begins with `prefix`, the last changed first."""
        query = (
            "SELECT thread_id, MAX(checkpoint_id) AS last FROM checkpoints WHERE starts_with(thread_id, %s) GROUP BY 1"
        )
        rows = await self._rows(query, prefix)
        found = [StoredThread(thread_id=row["thread_id"], changed=time_of(row["last"])) for row in rows]
        return sorted(found, key=lambda thread: thread.changed, reverse=True)

    async def drop_older(self, age: timedelta) -> int:
        """Delete the threads in which nothing was said for so long; returns how many there were."""
        begin = datetime.now(UTC) - age
        old = [thread.thread_id for thread in await self.stored("") if thread.changed < begin]
        for thread_id in old:
            await self.adelete_thread(thread_id)
        return len(old)

    async def recorded(self, thread_id: str, key: str, /) -> CallRecord:
        """What is known of a tool call."""
        query = "SELECT attempts, result FROM citeward_calls WHERE thread_id = %s AND key = %s"
        rows = await self._rows(query, thread_id, key)
        if not rows:
            return CallRecord()
        result = opened_result(self.cipher, thread_id, key, rows[0]["result"])
        return CallRecord(attempts=rows[0]["attempts"], result=result)

    async def begin(self, thread_id: str, key: str, /, *, attempts: int) -> bool:
        """Record that the call is about to be made; False when it was begun more often, or has a result.

        Of a thread whose lease is held it is recorded by the very session that holds it: when the lease was lost with
        that session, the call is not made.
        """
        if attempts:
            statement: str = (
                "UPDATE citeward_calls SET attempts = attempts + 1 "
                "WHERE thread_id = %s AND key = %s AND attempts = %s AND result IS NULL"
            )
            values: tuple[Any, ...] = (thread_id, key, attempts)
        else:
            statement = (
                "INSERT INTO citeward_calls (thread_id, key, attempts) VALUES (%s, %s, 1) ON CONFLICT DO NOTHING"
            )
            values = (thread_id, key)
        async with _answering():
            async with self._leasing:
                if thread_id in self._lost:
                    raise CheckpointError(
                        f"the lease of the thread {thread_id!r} was lost with its connection to the database",
                        hint="Read the thread again, and ask again.",
                    )
                if thread_id in self._held and self._session is not None:
                    return await _changed(self._session, statement, *values) == 1
            async with self._pool.connection() as connection:
                return await _changed(connection, statement, *values) == 1

    async def finish(self, thread_id: str, key: str, result: ToolResult, /) -> None:
        """Record what came of the call."""
        sealed = sealed_result(self.cipher, thread_id, key, result)
        statement = "UPDATE citeward_calls SET result = %s WHERE thread_id = %s AND key = %s"
        async with _answering(), self._pool.connection() as connection:
            await _changed(connection, statement, sealed, thread_id, key)

    async def forget(self, thread_id: str, /) -> None:
        """Delete the records of a thread's tool calls."""
        async with _answering(), self._pool.connection() as connection:
            await _changed(connection, "DELETE FROM citeward_calls WHERE thread_id = %s", thread_id)

    async def acquire(self, thread_id: str, /) -> bool:
        """Take the lease of a thread."""
        async with _answering(), self._leasing:
            if thread_id in self._held | self._lost:  # a session would get its own lock again
                return False
            try:
                taken = await self._lock(thread_id)
            except OperationalError:
                # The session is gone, and all leases with it: what ran under them makes no more calls.
                logger.warning("threads.leases_lost", leases=len(self._held))
                await self._close_session()
                taken = await self._lock(thread_id)
            if taken:
                self._held.add(thread_id)
            return taken

    async def release(self, thread_id: str, /) -> None:
        """Give the lease back."""
        async with self._leasing:
            held = thread_id in self._held
            self._held.discard(thread_id)
            self._lost.discard(thread_id)
            if held and self._session is not None:
                await self._session.execute("SELECT pg_advisory_unlock(%s)", (lease_number(thread_id) - 2**63,))

    async def _rekey_checkpoint(self, connection: Connection, row: dict[str, Any]) -> int:
        place = _place(row)
        new = self.cipher.reseal(row["blob"], place.checkpoint, what=f"the stored {place}")
        return await _changed(connection, _UPDATE_BLOB, new, *_blob_row(row))

    async def _rekey_write(self, connection: Connection, row: dict[str, Any]) -> int:
        place = _place(row)
        words = place.write(row["task_id"], row["channel"])
        new = self.cipher.reseal(row["blob"], words, what=f"what was written after the {place}")
        return await _changed(connection, _UPDATE_WRITE, new, *_write_row(row))

    async def _rekey_call(self, connection: Connection, row: dict[str, Any]) -> int:
        new = resealed_result(self.cipher, row["thread_id"], row["key"], row["result"])
        return await _changed(connection, _UPDATE_CALL, new, row["thread_id"], row["key"], row["result"])

    async def _lock(self, thread_id: str) -> bool:
        if self._session is None:
            self._session = await self._pool.getconn()
        number = lease_number(thread_id) - 2**63
        return bool((await _all(self._session, _TRY_LOCK, number))[0]["taken"])

    async def _close_session(self) -> None:
        session, self._session = self._session, None
        self._lost |= self._held
        self._held.clear()
        if session is not None:
            await session.close()
            await self._pool.putconn(session)

    @property
    def _header(self) -> bytes:
        """How a value begins that the first key sealed."""
        return self.cipher.seal(b"", [])[:7]

    async def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with _answering(), self._pool.connection() as connection:
            return await _all(connection, query, *values)

    async def _convert(self, connection: Connection) -> int:
        """Bind every row to its place, all or none, and mark the tables; returns the rows.

        It is done to tables without the mark alone, so that no row of an older version, put there later by whoever can
        write the database, is ever taken for one of this version.
        """
        converted = 0
        old = AsyncPostgresSaver(cast("Any", connection), serde=cast("Any", _Unbound(self.cipher, self.serde)))
        async with connection.transaction():
            for thread in await _all(connection, "SELECT DISTINCT thread_id FROM checkpoints"):
                found = [one async for one in old.alist({"configurable": dict(thread)})]
                await _changed(connection, "DELETE FROM checkpoint_blobs WHERE thread_id = %s", thread["thread_id"])
                for one in found:
                    await self._bind(connection, one)
                converted += len(found)
            for row in await _all(connection, "SELECT * FROM checkpoint_writes"):
                place = _place(row)
                if row["type"] == "bytes" and sealed_with(row["blob"]):
                    refuse_bound({SEALED: row["blob"]}, place)
                typed = unbound(self.cipher, row["type"], row["blob"])
                sealed = self.seal_write(place, typed, row["task_id"], row["channel"])
                converted += await _changed(connection, _BIND_WRITE, "bytes", sealed, *_write_row(row))
            await connection.execute("INSERT INTO citeward_format VALUES (%s)", (FORMAT,))
        return converted

    async def _bind(self, connection: Connection, found: CheckpointTuple) -> None:
        """Store a checkpoint of an older version as one of this version."""
        place = CheckpointPlace.of(found.config)
        refuse_bound(found.checkpoint["channel_values"], place)
        metadata = cast("dict[str, Any]", found.metadata)
        parent = found.parent_config["configurable"]["checkpoint_id"] if found.parent_config else None
        sealed = self.seal_checkpoint(place, self.serde.dumps_typed(found.checkpoint), metadata, parent)
        new = shell(place.checkpoint_id, sealed)
        where = (place.thread_id, place.namespace)
        stored = (Jsonb({**new, "channel_values": {}}), Jsonb(clear_metadata(metadata)))
        await _changed(connection, _BIND_CHECKPOINT, *stored, *where, place.checkpoint_id)
        await _changed(connection, _BIND_BLOB, *where, SEALED, new["channel_versions"][SEALED], sealed)


class _Unbound:
    """Reads what an older version's serializer wrote, encrypted or in the clear; writes nothing."""

    def __init__(self, cipher: Cipher, serde: SerializerProtocol) -> None:
        self._cipher = cipher
        self._serde = serde

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """For LangGraph's own migration of pending sends alone, which reads it back at once."""
        return self._serde.dumps_typed(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value."""
        return self._serde.loads_typed(unbound(self._cipher, *data))


_BIND_CHECKPOINT = (
    "UPDATE checkpoints SET checkpoint = %s, metadata = %s "
    "WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id = %s"
)
_BIND_BLOB = (
    "INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob) "
    "VALUES (%s, %s, %s, %s, 'bytes', %s)"
)
_OLD_CHECKPOINTS = (
    f"SELECT * FROM checkpoint_blobs WHERE channel = '{SEALED}' AND type = 'bytes' "
    "AND substring(blob FROM 1 FOR 7) <> %s LIMIT %s"
)
_UPDATE_BLOB = (
    "UPDATE checkpoint_blobs SET blob = %s "
    "WHERE thread_id = %s AND checkpoint_ns = %s AND channel = %s AND version = %s AND blob = %s"
)
_OLD_WRITES = "SELECT * FROM checkpoint_writes WHERE substring(blob FROM 1 FOR 7) <> %s LIMIT %s"
_UPDATE_WRITE = (
    "UPDATE checkpoint_writes SET blob = %s "
    "WHERE thread_id = %s AND checkpoint_ns = %s AND checkpoint_id = %s AND task_id = %s AND idx = %s AND blob = %s"
)
_BIND_WRITE = _UPDATE_WRITE.replace("SET blob", "SET type = %s, blob", 1)
_OLD_CALLS = "SELECT * FROM citeward_calls WHERE result IS NOT NULL AND substring(result FROM 1 FOR 7) <> %s LIMIT %s"
_UPDATE_CALL = "UPDATE citeward_calls SET result = %s WHERE thread_id = %s AND key = %s AND result = %s"


def _place(row: dict[str, Any]) -> CheckpointPlace:
    """Where the row stands; the version of a sealed checkpoint begins with the checkpoint's id."""
    checkpoint_id = row.get("checkpoint_id") or row["version"].partition(".")[0]
    return CheckpointPlace(thread_id=row["thread_id"], namespace=row["checkpoint_ns"], checkpoint_id=checkpoint_id)


def _blob_row(row: dict[str, Any]) -> Sequence[Any]:
    return [row[name] for name in ("thread_id", "checkpoint_ns", "channel", "version", "blob")]


def _write_row(row: dict[str, Any]) -> Sequence[Any]:
    return [row[name] for name in ("thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "blob")]


async def _all(connection: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    cursor = await connection.execute(cast("Any", query), values)
    return await cursor.fetchall()


async def _changed(connection: Connection, statement: str, *values: Any) -> int:
    cursor = await connection.execute(cast("Any", statement), values)
    return cursor.rowcount


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """Makes psycopg's errors ours."""
    try:
        yield
    except (PsycopgError, PoolTimeout) as error:
        raise CheckpointError(
            f"the database of threads could not do it: {type(error).__name__}: {error}",
            hint="See that Postgres runs at the address under [state] url, and that its user may make tables there.",
        ) from error
