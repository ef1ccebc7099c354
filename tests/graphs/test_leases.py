"""Leases of threads and records of tool calls, between all that share a store."""

import asyncio
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from citeward.contracts.run import CallRecord
from citeward.contracts.tool import ToolResult
from citeward.errors import CheckpointError
from citeward.graphs.leases import FileLeases, Lease, MemoryLeases

Store: TypeAlias = Any
"""Of conftest.py."""
RESULT = ToolResult(call_id="c", name="pay", content="paid")
ADA, BOB = "acme/ada/assistant/t", "other/bob/assistant/t"


async def test_of_many_that_begin_a_call_at_once_one_makes_it(store: Store) -> None:
    async with store.opened() as one, store.opened() as other:
        begun = await asyncio.gather(*(threads.begin(ADA, "k", attempts=0) for threads in [one, other] * 4))
        assert sorted(begun) == [False] * 7 + [True]
        assert (await other.recorded(ADA, "k")).uncertain
        begun = await asyncio.gather(*(threads.begin(ADA, "k", attempts=1) for threads in [one, other] * 4))
        assert sorted(begun) == [False] * 7 + [True]
        await other.finish(ADA, "k", RESULT)
        assert await one.recorded(ADA, "k") == CallRecord(attempts=2, result=RESULT)
        assert not await one.begin(ADA, "k", attempts=2)
        assert await one.recorded(BOB, "k") == CallRecord()


async def test_a_recorded_result_is_not_anothers(store: Store) -> None:
    async with store.opened() as threads:
        for thread in (ADA, BOB):
            await threads.begin(thread, "k", attempts=0)
        await threads.finish(ADA, "k", RESULT)
        copied = f"(SELECT result FROM citeward_calls WHERE thread_id = '{ADA}')"
        await store.change(f"UPDATE citeward_calls SET result = {copied} WHERE thread_id = '{BOB}'")
        with pytest.raises(CheckpointError, match=BOB):
            await threads.recorded(BOB, "k")


async def test_a_lease_is_held_once_between_all_that_share_the_store(store: Store) -> None:
    async with store.opened() as one, store.opened() as other:
        assert await one.acquire(ADA)
        assert not await one.acquire(ADA)
        assert not await other.acquire(ADA)
        assert await other.acquire(BOB)
        await one.release(ADA)
        assert await other.acquire(ADA)


_HOLDER = """
import asyncio, contextlib, sys
sys.path.insert(0, sys.argv[2])
from crash import _opened
async def hold():
    async with contextlib.AsyncExitStack() as stack:
        threads = await _opened(sys.argv[1], stack)
        print(await threads.acquire(sys.argv[3]), flush=True)
        await asyncio.sleep(600)
asyncio.run(hold())
"""


async def test_a_lease_ends_with_its_process_however_that_ends(store: Store) -> None:
    arguments = ("-c", _HOLDER, store.address, str(Path(__file__).parent), ADA)
    holder = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"True\n"
    async with store.opened() as threads:
        assert not await threads.acquire(ADA)
        holder.kill()
        await holder.wait()
        lease = await Lease.take(threads, ADA, name="t", wait=10)
        await lease.release()


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_a_session_that_is_lost_takes_its_leases_along(store: Store) -> None:
    async with store.opened() as threads, store.opened() as other:
        assert await threads.acquire(ADA)
        await store.change(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        with pytest.raises(CheckpointError, match="the database of threads"):
            await threads.begin(ADA, "k", attempts=0)  # its call is not made
        assert await other.acquire(ADA)
        assert await threads.acquire(BOB)  # what comes after has a session of its own
        with pytest.raises(CheckpointError, match="was lost"):
            await threads.begin(ADA, "k", attempts=0)  # in which the old run still makes no call
        assert await threads.recorded(ADA, "k") == CallRecord()
        await threads.release(ADA)
        assert not await threads.acquire(ADA)
        await other.release(ADA)
        assert await threads.acquire(ADA)


async def test_a_lease_that_was_got_in_the_moment_of_a_cancellation_is_given_back(store: Store) -> None:
    async with store.opened() as one, store.opened() as other:
        for _ in range(5):
            task = asyncio.create_task(Lease.take(one, ADA, name="t", wait=0))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await (await Lease.take(other, ADA, name="t", wait=10)).release()


async def test_leases_of_one_file_exclude_each_other_within_a_process(tmp_path: Path) -> None:
    one, other, memory = FileLeases(tmp_path / "l"), FileLeases(tmp_path / "l"), MemoryLeases()
    assert [await one.acquire("t"), await other.acquire("t"), await other.acquire("u")] == [True, False, True]
    one.close()
    assert await other.acquire("t")
    assert [await memory.acquire("t"), await memory.acquire("t")] == [True, False]
    with pytest.raises(CheckpointError, match="lock file"):
        await FileLeases(tmp_path / "missing" / "l").acquire("t")
