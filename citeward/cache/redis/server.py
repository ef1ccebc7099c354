"""The connection: a server that is down costs a miss and a line in the log, never a run."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from citeward.errors import SettingsError
from citeward.logs import get_logger

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
COOLDOWN = 5.0
"""Seconds for which a server that failed is not asked: while it is down, questions do not each wait for a timeout."""

logger = get_logger(__name__)


class Server:
    """One Redis server, asked only while it answers.

    Args:
        url: As `redis://user:password@host:6379/0`, `rediss://` for TLS, or `unix://path`.
        timeout: Seconds for connecting, and for each command.
        clock: Monotonic seconds; replaced in tests.

    Raises:
        SettingsError: The address cannot be used, or the package `redis` is not installed.
    """

    def __init__(self, url: str, *, timeout: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise SettingsError(
                f"the cache at {_shown(url)!r} needs the package 'redis'", hint="pip install 'citeward[redis]'"
            ) from error
        try:
            self._client: Redis = Redis.from_url(
                url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 1)
            )
        except ValueError as error:
            raise SettingsError(
                f"cache.url {_shown(url)!r} cannot be used: {error}", hint="Write it as redis://127.0.0.1:6379/0."
            ) from error
        self._shown = _shown(url)
        self._clock = clock
        self._down_until = 0.0
        self._down = False

    async def ask(self, work: Callable[[Any], Awaitable[T]], otherwise: T) -> T:
        """What the work gives; `otherwise` where the server does not answer, now or a moment ago."""
        from redis.exceptions import RedisError

        if self._clock() < self._down_until:
            return otherwise
        try:
            result = await work(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            self._down_until = self._clock() + COOLDOWN
            if not self._down:
                logger.warning("cache.unreachable", server=self._shown, error=type(error).__name__)
            self._down = True
            return otherwise
        if self._down:
            logger.info("cache.reachable_again", server=self._shown)
            self._down = False
        return result

    def script(self, source: str) -> Any:
        """A Lua script that the server runs as one step."""
        return self._client.register_script(source)

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()


def _shown(url: str) -> str:
    """The address without its password."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "…"
    return f"{parts.scheme}://{host}{parts.path}"
