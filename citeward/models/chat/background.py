"""Asynchronous work for callers that are not: one event loop in a thread of its own, for the whole process.

One loop, and not one a call, so that connections are pooled between calls. It starts with the first call.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import aclosing
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds that closing connections may take when the process ends."""


class Background:
    """The loop and its thread. Making one starts nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owners: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def iterate(self, make: Callable[[], AsyncGenerator[T, None]], *, owner: object) -> Iterator[T]:
        """What an asynchronous generator gives, as it gives it. Closing the iterator closes the generator.

        Args:
            make: Makes the generator, on the loop.
            owner: Whose connections it uses; its `aclose`, if it has one, is awaited when the process ends.
        """
        items: SimpleQueue[T | Future[None]] = SimpleQueue()

        async def pump() -> None:
            async with aclosing(make()) as source:
                async for item in source:
                    items.put(item)

        self._owners[id(owner)] = owner
        work = asyncio.run_coroutine_threadsafe(pump(), self._running())
        work.add_done_callback(items.put)
        try:
            while (item := items.get()) is not work:
                yield item  # type: ignore[misc]  # the only future in the queue is `work`
            work.result()
        finally:
            work.cancel()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine that runs on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._running()).result()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # A fork leaves the thread behind, and its loop is of no use without it.
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="citeward-chat", daemon=True)
                self._thread.start()
                atexit.register(self._end, self._loop, self._thread)
            return self._loop

    def _end(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        if not thread.is_alive():
            return

        async def close() -> None:
            closing = [owner.aclose() for owner in list(self._owners.values()) if hasattr(owner, "aclose")]
            try:
                await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), PATIENCE)
            finally:
                loop.call_soon(loop.stop)

        asyncio.run_coroutine_threadsafe(close(), loop)
        thread.join(PATIENCE + 1)
        if not thread.is_alive():
            loop.close()


background = Background()
"""The process's own."""
