"""A run on its way to one client, whatever the format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive

from citeward.agents.agent import ending_in_failed
from citeward.contracts.event import Event

T = TypeVar("T")

GONE = Response(status_code=499)
"""For a client that nobody can answer any more; only a log sees it."""


async def begun(run: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The run's events, once the first of them has come.

    An error before it is raised, as the status can still tell it; a later one is the last event, `Failed`.
    """
    first = await anext(run)
    return _going_on(first, run)


async def _going_on(first: Event, run: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    async with aclosing(run):
        yield first
        async for event in ending_in_failed(run):
            yield event


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives; None where the client went away first, which cancels the work and waits for its end."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
