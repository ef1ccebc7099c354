"""Stages that work at the same time, each at most one step ahead of the next: memory stays bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _End:
    error: BaseException | None


@asynccontextmanager
async def ahead(items: AsyncGenerator[T]) -> AsyncIterator[AsyncGenerator[T]]:
    """Make the next item while the block works on the one before.

    What the stage raises comes after the items that it finished before, so that these are still dealt with. At the
    end of the block the stage is stopped and its generator closed.

    Example:
        async with ahead(cut) as cuts, ahead(embedded(cuts)) as batches:
            async for batch in batches:
                await write(batch)
    """
    room = asyncio.Semaphore(1)
    queue: asyncio.Queue[T | _End] = asyncio.Queue()

    async def pull() -> None:
        error: BaseException | None = None
        try:
            while True:
                await room.acquire()
                queue.put_nowait(await anext(items))
        except StopAsyncIteration:
            pass
        except (Exception, asyncio.CancelledError) as raised:  # noqa: BLE001 - raised again where the items are taken
            error = raised
        queue.put_nowait(_End(error=error))

    async def taken() -> AsyncGenerator[T]:
        while not isinstance(item := await queue.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error

    task = asyncio.create_task(pull())
    taking = taken()
    try:
        yield taking
    finally:
        await taking.aclose()
        task.cancel()
        await asyncio.wait({task})
        await items.aclose()


async def in_thread(items: Iterable[T], stop: threading.Event | None = None) -> AsyncGenerator[T]:
    """The items, made in one thread of their own, where they may read files and compute.

    Args:
        items: Iterated in that thread only.
        stop: Set when nothing more is wanted; see `until`.
    """
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(1, thread_name_prefix="citeward-ingest")
    iterator, end = iter(items), object()
    try:
        while (item := await loop.run_in_executor(pool, next, iterator, end)) is not end:
            yield item  # type: ignore[misc]  # mypy does not see that the sentinel is gone
    finally:
        if stop is not None:
            stop.set()
        if isinstance(iterator, Generator):
            pool.submit(iterator.close)  # in the same thread, once it is done with the item at hand
        await asyncio.to_thread(pool.shutdown)


def until(stop: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """The items for as long as they are wanted: a long run of them in a thread ends after the one at hand."""
    for item in items:
        if stop.is_set():
            return
        yield item


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Do the work to its end even where the caller is cancelled meanwhile; the cancellation comes after it."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nothing is said of it when the task is thrown away
        raise
