"""Turns across processes: a key with an expiry, kept alive by the run that holds it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citeward.cache.redis.server import Server
from citeward.contracts.cache import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE = 6.0
"""Seconds after which the turn of a process that was killed is over; a living one renews it thrice as often."""
POLL = (0.02, 0.25)
"""Seconds between two looks at another's turn, at first and at last."""
_END = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"


@dataclass(frozen=True, kw_only=True)
class _Held:
    key: str
    renewing: asyncio.Task[None]


class RedisTurns:
    """Who computes what, among all processes that share the server.

    A server that is down lets everybody compute.

    Args:
        server: Where turns are kept.
        key: The name of a question's turn.
        lease: Seconds for which a turn lasts without being renewed.
    """

    def __init__(self, server: Server, *, key: Callable[[str, Scope], str], lease: float = LEASE) -> None:
        self._server = server
        self._key = key
        self._lease = lease
        self._held: dict[str, _Held] = {}
        self._end = server.script(_END)
        self._renew = server.script(_RENEW)

    async def take(self, question: str, scope: Scope, /, *, run_id: str, seconds: float) -> bool:
        """See `citeward.contracts.cache.Turns`; True where the server does not answer."""
        key = self._key(question, scope)
        milliseconds = max(1, int(1000 * min(self._lease, seconds)))
        taken = await self._server.ask(lambda client: client.set(key, run_id, nx=True, px=milliseconds), otherwise=None)
        if not taken:
            # None is said by a key that is there, and by a server that is not.
            holder: object = await self._server.ask(lambda client: client.get(key), otherwise=run_id.encode())
            return holder == run_id.encode()
        await self._stop(run_id)
        renewing = asyncio.create_task(self._renewed(key, run_id, time.monotonic() + seconds))
        self._held[run_id] = _Held(key=key, renewing=renewing)
        return True

    async def ended(self, question: str, scope: Scope, /, *, seconds: float) -> None:
        """See `citeward.contracts.cache.Turns`; the other process is watched by looking again and again."""
        key, until, pause = self._key(question, scope), time.monotonic() + seconds, POLL[0]
        while (left := until - time.monotonic()) > 0:
            if not await self._server.ask(lambda client: client.exists(key), otherwise=0):
                return
            await asyncio.sleep(min(pause, left))
            pause = min(POLL[1], 1.5 * pause)

    async def end(self, run_id: str, /) -> None:
        """See `citeward.contracts.cache.Turns`."""
        held = await self._stop(run_id)
        if held is not None:
            await self._server.ask(lambda _: self._end(keys=[held.key], args=[run_id]), otherwise=0)

    async def close(self) -> None:
        """End every turn that is still held."""
        for run_id in list(self._held):
            await self.end(run_id)

    async def _renewed(self, key: str, run_id: str, until: float) -> None:
        while (left := until - time.monotonic()) > self._lease / 3:
            await asyncio.sleep(self._lease / 3)
            milliseconds = max(1, int(1000 * min(self._lease, left)))
            await self._server.ask(
                lambda _, ms=milliseconds: self._renew(keys=[key], args=[run_id, ms]),  # type: ignore[misc]
                otherwise=0,
            )

    async def _stop(self, run_id: str) -> _Held | None:
        held = self._held.pop(run_id, None)
        if held is not None:
            held.renewing.cancel()
            with suppress(asyncio.CancelledError):
                await held.renewing
        return held
