"""How the server stops: in a bounded time, and with a last word to every client that still waits."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections.abc import Awaitable, Callable
from socket import socket
from typing import Protocol

import uvicorn

from citeward.errors import ServerShuttingDown
from citeward.logs import get_logger

CLOSING = 5.0
"""Seconds that closing the project may take, and again that the process may take after it."""
_LAST_WORDS = 3
"""Seconds that responses have to send their last event once the grace period is over."""

logger = get_logger(__name__)


class Expires(Protocol):
    """A timeout that can be brought forward, as asyncio's."""

    def reschedule(self, when: float | None) -> None:
        """End at that time of the loop's clock."""


class Shutdown:
    """What requests in progress need to know of a shutdown. It has two steps.

    From the first on, nothing new begins: bodies that have not come yet are dropped. Runs go on until the second, the
    end of the grace period, which ends them.
    """

    def __init__(self) -> None:
        self.begun = False
        self._over = asyncio.Event()
        self._uploads: set[Expires] = set()

    def begin(self, grace: float) -> None:
        """The first step now, the second after so many seconds."""
        if self.begun:
            return
        self.begun = True
        loop = asyncio.get_running_loop()
        for upload in self._uploads:
            upload.reschedule(loop.time())
        loop.call_later(grace, self._over.set)

    def drop_on_shutdown(self, upload: Expires) -> Callable[[], None]:
        """Have the first step end the timeout; returns what takes that back."""
        self._uploads.add(upload)
        return lambda: self._uploads.discard(upload)

    async def over(self) -> None:
        """Wait until the grace period is over."""
        await self._over.wait()

    @staticmethod
    def error() -> ServerShuttingDown:
        """What a client is sent whose request is not finished."""
        return ServerShuttingDown(
            "the server is shutting down", hint="Send the request again; another server will answer.", retry_after=1.0
        )


class Server(uvicorn.Server):
    """uvicorn's server, with a grace period for open streams and an end that comes in any case.

    Args:
        config: Its `timeout_graceful_shutdown` is set from `grace`.
        shutdown: The application's.
        grace: Seconds that requests in progress have after SIGTERM.
        owns_process: The process serves and does nothing else, so that it is ended if threads keep it from ending.
    """

    def __init__(self, config: uvicorn.Config, *, shutdown: Shutdown, grace: float, owns_process: bool = False) -> None:
        config.timeout_graceful_shutdown = math.ceil(grace) + _LAST_WORDS
        super().__init__(config)
        self._shutdown = shutdown
        self._grace = grace
        self._owns_process = owns_process

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop taking requests, let those in progress end within the grace period, and close the project."""
        self._shutdown.begin(self._grace)
        if self._owns_process:
            limit = math.ceil(self._grace) + _LAST_WORDS + 2 * CLOSING
            # A thread of a tool or of a model cannot be cancelled, and Python waits for every thread at its end.
            watchdog = threading.Timer(limit, _give_up, args=(limit,))
            watchdog.daemon = True
            watchdog.start()
        self.lifespan.shutdown = _within(CLOSING, self.lifespan.shutdown)
        await super().shutdown(sockets)


def _within(seconds: float, close: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def bounded() -> None:
        try:
            async with asyncio.timeout(seconds):
                await close()
        except TimeoutError:
            logger.warning("server.not_closed", seconds=seconds)

    return bounded


def _give_up(seconds: float) -> None:
    logger.error("server.killed", seconds=seconds)
    os._exit(1)
