"""A run on its way to one client, whatever the format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope

from citeward.contracts.event import Event
from citeward.errors import InternalError
from citeward.serving.shutdown import Shutdown

T = TypeVar("T")

CLEANING_UP = 1.0
"""Seconds that a run may take to end when the server stops, before its client is told."""
GONE = Response(status_code=499)
"""For a client that nobody can answer any more; only a log sees it."""


async def begun(run: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The run's events, once the first of them has come: an error before it can still be an HTTP status."""
    first = await anext(run, None)
    if first is None:
        raise InternalError("the run ended before it began", hint="The server's log says more.")
    return _going_on(first, run)


async def _going_on(first: Event, run: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    async with aclosing(run):
        yield first
        async for event in run:
            yield event


async def unless_gone(scope: Scope, receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives; None if the client went away first, which cancels the work and waits for its end.

    Raises:
        ServerShuttingDown: The server stops, and its grace period is over; the work is cancelled.
    """
    shutdown: Shutdown = scope["app"].state.shutdown
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    stopping = asyncio.ensure_future(shutdown.over())
    tasks = (working, leaving, stopping)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if stopping.done() and not leaving.done():
            raise shutdown.error()
        return None
    finally:
        for task in tasks:
            task.cancel()
        # Work that does not end when it is cancelled must not keep a client from hearing of the shutdown.
        await asyncio.wait(tasks, timeout=CLEANING_UP if stopping.done() else None)
        if working.done() and not working.cancelled():
            working.exception()  # looked at, so that asyncio does not report it as never retrieved


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
