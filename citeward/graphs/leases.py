"""One run at a time in a thread: leases in this process, and between the processes of a machine."""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from langgraph.checkpoint.base import BaseCheckpointSaver

from citeward.contracts.run import Journal, Leases
from citeward.errors import CheckpointError, ThreadBusy
from citeward.logs import get_logger
from citeward.nodes.journal import MemoryJournal

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.2
"""Seconds between two tries to get a lease that somebody else holds."""
_RETRY_AFTER = 1.0

logger = get_logger(__name__)


class MemoryLeases:
    """Leases within this process."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    async def acquire(self, thread_id: str, /) -> bool:
        """Take the lease; False when it is held."""
        if thread_id in self._held:
            return False
        self._held.add(thread_id)
        return True

    async def release(self, thread_id: str, /) -> None:
        """Give it back."""
        self._held.discard(thread_id)


class FileLeases:
    """Leases between the processes that share a file system.

    A lease is a lock on one byte of the file, at a place that the thread's id decides. The kernel lets go of it when
    the process ends, however it ends. The file stays empty. On Windows leases hold within one process only.

    Args:
        path: The lock file; it is made at the first lease.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._here = MemoryLeases()

    async def acquire(self, thread_id: str, /) -> bool:
        """Take the lease; False when it is held.

        Raises:
            CheckpointError: The lock file cannot be made.
        """
        if not await self._here.acquire(thread_id):
            return False
        try:
            if self._lock(thread_id, take=True):
                return True
        except BaseException:
            await self._here.release(thread_id)
            raise
        await self._here.release(thread_id)
        return False

    async def release(self, thread_id: str, /) -> None:
        """Give it back."""
        self._lock(thread_id, take=False)
        await self._here.release(thread_id)

    def close(self) -> None:
        """Give all leases back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _lock(self, thread_id: str, *, take: bool) -> bool:
        if fcntl is None:
            return True
        try:
            if self._file is None:
                if not take:
                    return True
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            return _set_lock(self._file, lease_number(thread_id) >> 2, take=take)
        except OSError as error:
            raise CheckpointError(
                f"the threads' lock file {str(self._path)!r} cannot be used: {error}",
                hint="Make its folder writable; it must be on a file system that has locks.",
            ) from error


def _set_lock(file: int, offset: int, *, take: bool) -> bool:
    """Lock or unlock one byte of the file without waiting; False when somebody else holds it."""
    try:
        if hasattr(fcntl, "F_OFD_SETLK"):
            # Of this opened file, and not of the whole process: two that open the same file here exclude each other.
            kind = fcntl.F_WRLCK if take else fcntl.F_UNLCK
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("@hhqqi0q", kind, os.SEEK_SET, offset, 1, 0))
        else:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB if take else fcntl.LOCK_UN, 1, offset)
    except (BlockingIOError, PermissionError):
        return False
    return True


def lease_number(thread_id: str) -> int:
    """64 bits that stand for a thread."""
    return int.from_bytes(hashlib.sha256(b"citeward lease\0" + thread_id.encode()).digest()[:8])


class Lease:
    """The lease of one thread, held.

    Args:
        leases: Where it is held.
        thread_id: Whose it is.
    """

    def __init__(self, leases: Leases, thread_id: str) -> None:
        self._leases = leases
        self._thread_id = thread_id

    @classmethod
    async def take(cls, leases: Leases, thread_id: str, *, name: str, wait: float) -> Lease:
        """Take the lease, after the run that holds it.

        Args:
            leases: Where it is held.
            thread_id: Whose it is.
            name: What its owner calls the thread.
            wait: Seconds to wait for it at most.

        Raises:
            ThreadBusy: Another run held it all the time.
        """
        until, pause = time.monotonic() + wait, _FIRST_PAUSE
        while not await _acquired(leases, thread_id):
            left = until - time.monotonic()
            if left <= 0:
                raise ThreadBusy(
                    f"another run works in the thread {name!r}",
                    hint="Try again when it has ended, or ask in another thread.",
                    retry_after=_RETRY_AFTER,
                )
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return cls(leases, thread_id)

    async def release(self, *, after: asyncio.Future[Any] | None = None) -> None:
        """Give it back, even when this task is cancelled meanwhile.

        Args:
            after: Waited for first: the state of a cancelled run, which is still being stored.
        """
        await asyncio.shield(_kept(asyncio.ensure_future(self._released(after))))

    async def _released(self, after: asyncio.Future[Any] | None) -> None:
        if after is not None:
            await asyncio.wait([after])
        try:
            await self._leases.release(self._thread_id)
        except Exception as error:  # noqa: BLE001 - the run itself is over; its process's end gives the lease back
            logger.warning("threads.lease_not_released", error=type(error).__name__)


_AT_WORK: set[asyncio.Future[Any]] = set()
T = TypeVar("T")


def _kept(task: asyncio.Future[T]) -> asyncio.Future[T]:
    """The task, which the loop alone would not keep from being collected."""
    _AT_WORK.add(task)
    task.add_done_callback(_AT_WORK.discard)
    return task


async def _acquired(leases: Leases, thread_id: str) -> bool:
    """Whether the lease was got. When this task is cancelled meanwhile, what was got nevertheless is given back."""

    def give_back(taken: asyncio.Future[bool]) -> None:
        if not taken.cancelled() and taken.exception() is None and taken.result():
            _kept(asyncio.ensure_future(leases.release(thread_id)))

    taking = _kept(asyncio.ensure_future(leases.acquire(thread_id)))
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        taking.add_done_callback(give_back)
        raise


def still_storing(error: BaseException) -> asyncio.Future[Any] | None:
    """What LangGraph still stores of a run that was cancelled while it ended; None when nothing."""
    if isinstance(error, asyncio.CancelledError):
        with suppress(StopIteration):
            return next(one for one in error.args if isinstance(one, asyncio.Future) and not one.done())
    return None


_LEASES: WeakKeyDictionary[BaseCheckpointSaver[Any], MemoryLeases] = WeakKeyDictionary()
_JOURNALS: WeakKeyDictionary[BaseCheckpointSaver[Any], MemoryJournal] = WeakKeyDictionary()


def leases_of(saver: object) -> Leases:
    """The checkpointer itself when it has leases; else leases of this process, the same for each use of it."""
    if isinstance(saver, Leases):
        return saver
    return _LEASES.setdefault(saver, MemoryLeases()) if isinstance(saver, BaseCheckpointSaver) else MemoryLeases()


def journal_of(saver: object) -> Journal:
    """The checkpointer itself when it is a journal; else one of this process, the same for each use of it."""
    if isinstance(saver, Journal):
        return saver
    return _JOURNALS.setdefault(saver, MemoryJournal()) if isinstance(saver, BaseCheckpointSaver) else MemoryJournal()
