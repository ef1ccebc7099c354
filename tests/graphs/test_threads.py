"""Threads in a real SQLite file: what its bytes show, before and after."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from citeward.errors import CheckpointError
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.state import checkpoint_serializer
from citeward.graphs.threads import SqliteThreads, last_key

KEY = Key(b"k" * 32)
SECRET = "ada.canary@example.com"


class State(TypedDict, total=False):
    question: str
    kept: str


@asynccontextmanager
async def _opened(file: Path, *keys: Key) -> AsyncIterator[SqliteThreads]:
    async with aiosqlite.connect(file) as connection:
        threads = SqliteThreads(connection, Cipher(keys or (KEY,)))
        await threads.setup()
        yield threads


async def _said(saver: Any, thread: str, question: str) -> None:
    graph = StateGraph(State)
    graph.add_node("keep", lambda state: {"kept": f"kept {state['question']}"})
    graph.add_edge(START, "keep")
    graph.add_edge("keep", END)
    # `sync` writes most: the input, each step's writes, each checkpoint.
    config: Any = {"configurable": {"thread_id": thread}}
    await graph.compile(checkpointer=saver).ainvoke({"question": question}, config, durability="sync")


async def _state(saver: Any, thread: str) -> dict[str, Any] | None:
    found = await saver.aget_tuple({"configurable": {"thread_id": thread}})
    return None if found is None else dict(found.checkpoint["channel_values"])


def _bytes(file: Path) -> bytes:
    """Of the file, its log and its index."""
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "threads.sqlite"


async def test_no_text_is_in_the_file_while_it_is_used_or_after(file: Path) -> None:
    async with _opened(file) as threads:
        await _said(threads, "t/1", SECRET)
        assert (await _state(threads, "t/1") or {})["kept"] == f"kept {SECRET}"
        while_used = _bytes(file)
    for seen in (while_used, _bytes(file)):
        assert b"t/1" in seen  # ids are in the clear, so the right bytes were looked at
        assert b"canary" not in seen
        assert b"kept " not in seen


async def test_what_an_older_version_left_in_the_clear_is_encrypted_when_the_file_is_opened(file: Path) -> None:
    async with aiosqlite.connect(file) as connection:
        await _said(AsyncSqliteSaver(connection, serde=checkpoint_serializer()), "t", SECRET)
    assert SECRET.encode() in _bytes(file)
    async with _opened(file) as threads:
        assert SECRET.encode() not in _bytes(file)
        assert (await _state(threads, "t") or {})["question"] == SECRET


async def test_rekeying_leaves_nothing_under_the_old_key(file: Path) -> None:
    new = Key(b"n" * 32)
    async with _opened(file) as threads:
        await _said(threads, "t", SECRET)
    async with _opened(file, new, KEY) as threads:
        assert (await _state(threads, "t") or {})["question"] == SECRET
        assert await threads.rekey() > 0
        assert await threads.rekey() == 0
    async with _opened(file, new) as threads:
        assert (await _state(threads, "t") or {})["question"] == SECRET
        assert await last_key(threads.conn) == new.id
    async with _opened(file) as threads:
        with pytest.raises(CheckpointError, match=new.id):
            await _state(threads, "t")


async def test_a_thread_that_is_deleted_is_gone_from_the_files_bytes(file: Path) -> None:
    async with _opened(file) as threads:
        # Rows in the clear would show best what is left of them.
        clear = AsyncSqliteSaver(threads.conn, serde=checkpoint_serializer())
        for number in range(5):
            await _said(clear if number % 2 else threads, f"gone/{number}", SECRET * 200)
        await _said(threads, "kept", "something else")
        assert b"gone/3" in _bytes(file)
        assert SECRET.encode() in _bytes(file)
        for number in range(5):
            await threads.adelete_thread(f"gone/{number}")
        assert b"gone/" not in _bytes(file)
        assert b"canary" not in _bytes(file)
        assert (await _state(threads, "kept") or {})["question"] == "something else"


async def test_a_reader_that_keeps_the_log_from_being_emptied_is_told_of(file: Path) -> None:
    async with _opened(file) as threads:
        await threads.conn.execute("PRAGMA busy_timeout = 50")
        await _said(threads, "t", SECRET)
        with sqlite3.connect(file) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM checkpoints").fetchone()
            with pytest.raises(CheckpointError, match="another process reads"):
                await threads.adelete_thread("t")
            reader.execute("COMMIT")
        reader.close()
        assert await _state(threads, "t") is None
        await threads.adelete_thread("t")


async def test_threads_are_listed_by_the_beginning_of_their_ids_last_changed_first(file: Path) -> None:
    began = datetime.now(UTC)
    async with _opened(file) as threads:
        for name in ("a/1", "a/2", "b/1", "a/1"):
            await _said(threads, name, "hello")
        found = await threads.stored("a/")
    assert [thread.thread_id for thread in found] == ["a/1", "a/2"]
    assert all(began - timedelta(seconds=1) <= thread.changed <= datetime.now(UTC) for thread in found)


async def test_threads_are_dropped_when_they_are_old_enough(file: Path) -> None:
    async with _opened(file) as threads:
        await _said(threads, "t", SECRET)
        assert await threads.drop_older(timedelta(days=1)) == 0
        assert await _state(threads, "t") is not None
        assert await threads.drop_older(timedelta(microseconds=-1)) == 1
        assert await _state(threads, "t") is None


async def test_two_that_open_an_old_file_at_once_both_read_it(file: Path) -> None:
    async with aiosqlite.connect(file) as connection:
        await _said(AsyncSqliteSaver(connection, serde=checkpoint_serializer()), "t", SECRET)

    async def read() -> dict[str, Any] | None:
        async with _opened(file) as threads:
            return await _state(threads, "t")

    for state in await asyncio.gather(read(), read(), read()):
        assert (state or {})["question"] == SECRET
