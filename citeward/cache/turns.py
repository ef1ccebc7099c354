"""Turns within one process: identical questions at the same time are computed once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from citeward.cache.entry import normalised
from citeward.contracts.cache import Scope

Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


@dataclass(kw_only=True)
class _Turn:
    run_id: str
    until: float
    waiting: list[Waiter] = field(default_factory=list)


class LocalTurns:
    """Who computes what, in this process; runs of several event loops may wait for one another.

    A turn is bound to a run and to a time, so that one which nobody ended is over by itself.

    Args:
        clock: Monotonic seconds; replaced in tests.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns: dict[tuple[Scope, str], _Turn] = {}
        self._keys: dict[str, tuple[Scope, str]] = {}

    async def take(self, question: str, scope: Scope, /, *, run_id: str, seconds: float) -> bool:
        """See `citeward.contracts.cache.Turns`."""
        key = (scope, normalised(question))
        held = self._turns.get(key)
        if held is not None and held.run_id != run_id:
            if self._clock() < held.until:
                return False
            await self.end(held.run_id)
        elif self._keys.get(run_id, key) != key:
            await self.end(run_id)  # a run asks one question at a time
        waiting = self._turns[key].waiting if key in self._turns else []
        self._turns[key] = _Turn(run_id=run_id, until=self._clock() + seconds, waiting=waiting)
        self._keys[run_id] = key
        return True

    async def ended(self, question: str, scope: Scope, /, *, seconds: float) -> None:
        """See `citeward.contracts.cache.Turns`."""
        held = self._turns.get((scope, normalised(question)))
        if held is None:
            return
        loop = asyncio.get_running_loop()
        waiter: Waiter = (loop, loop.create_future())
        held.waiting.append(waiter)
        try:
            async with asyncio.timeout(max(0.0, min(seconds, held.until - self._clock()))):
                await waiter[1]
        except TimeoutError:
            return
        finally:
            if waiter in held.waiting:
                held.waiting.remove(waiter)

    async def end(self, run_id: str, /) -> None:
        """See `citeward.contracts.cache.Turns`."""
        key = self._keys.pop(run_id, None)
        turn = self._turns.get(key) if key is not None else None
        if key is None or turn is None or turn.run_id != run_id:
            return
        del self._turns[key]
        for loop, future in turn.waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
