"""How models' vLLM servers are doing, looked up beside the runs and not in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citeward.contracts.routing import Status
from citeward.endpoint.loops import PerLoop
from citeward.errors import CitewardError, ModelUnavailable, SettingsError
from citeward.logs import get_logger
from citeward.models.vllm.metrics import metrics_url, read_metrics

if TYPE_CHECKING:
    import httpx

KEPT = 15
"""Times `every` for which what was seen is still told."""

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was seen of a server, and when."""

    at: float
    status: Status | None


class VLLMMonitor:
    """A `Monitor` that reads `/metrics`. Making one opens nothing, and asking it waits for nothing.

    Asking tells what was last seen; where that is older than `every`, a look is begun beside it, for the next who asks.
    So a server that nobody asks for is not looked at. Before the first look, and long after the last, nothing is known.
    A server that cannot be reached is told to be unhealthy; one that tells no figures, or not in time, is unknown.

    Args:
        servers: By the model's name in the registry, its server's url, up to and with the version.
        every: Seconds for which what was seen is new.
        timeout: Seconds that a server may take for its figures.

    Raises:
        SettingsError: A url or a time that cannot be used.
    """

    def __init__(self, servers: Mapping[str, str], *, every: float = 1.0, timeout: float = 2.0) -> None:
        if not (every > 0 and timeout > 0):
            raise SettingsError(f"{every!r} and {timeout!r} seconds make no sense", hint="Give more than 0.")
        # Models of one server are looked up together.
        self._urls = {model: metrics_url(url).removesuffix("/metrics") for model, url in servers.items()}
        self._every = every
        self._timeout = timeout
        self._seen: dict[str, _Seen] = {}
        self._looks: PerLoop[_Looks] = PerLoop(lambda: _Looks(running={}))

    def status(self, model: str, /) -> Status | None:
        """What was last seen of the model's server, at once; None where nothing is known. Raises nothing."""
        url = self._urls.get(model)
        if url is None:
            return None
        seen, now = self._seen.get(url), time.monotonic()
        if seen is None or now - seen.at >= self._every:
            self._begin(url)
        return seen.status if seen is not None and now - seen.at < KEPT * self._every else None

    async def look(self, model: str, /) -> Status | None:
        """What is seen of the model's server now; None where that is nothing, or no server is known."""
        url = self._urls.get(model)
        if url is None:
            return None
        await asyncio.shield(self._begin(url) or asyncio.sleep(0))
        seen = self._seen.get(url)
        return seen.status if seen else None

    async def aclose(self) -> None:
        """End looks that are under way, and give back the running loop's connections."""
        looks = self._looks.pop()
        if looks is not None:
            for task in looks.running.values():
                task.cancel()
            await asyncio.gather(*looks.running.values(), return_exceptions=True)
            if looks.client is not None:
                await looks.client.aclose()

    def _begin(self, url: str) -> asyncio.Task[None] | None:
        """A look that is under way; None outside of any loop, where nothing can be."""
        try:
            looks = self._looks.get()
        except RuntimeError:
            return None
        task = looks.running.get(url)
        if task is None or task.done():
            task = looks.running[url] = asyncio.get_running_loop().create_task(self._look(looks, url))
        return task

    async def _look(self, looks: _Looks, url: str) -> None:
        import httpx

        status: Status | None = None
        try:
            if looks.client is None:
                looks.client = httpx.AsyncClient(timeout=self._timeout)
            metrics = await read_metrics(looks.client, url)
            status = Status(waiting=metrics.waiting, kv_cache_usage=metrics.kv_cache_usage)
        except ModelUnavailable as error:
            status = Status(healthy=False)
            logger.info("vllm.unreachable", server=url, reason=error.message)
        except CitewardError as error:
            logger.info("vllm.unknown", server=url, reason=error.message)
        except Exception as error:  # noqa: BLE001  a route must not fail because a proxy's address is malformed
            logger.warning("vllm.unknown", server=url, reason=type(error).__name__)
        self._seen[url] = _Seen(at=time.monotonic(), status=status)


@dataclass(kw_only=True)
class _Looks:
    """One event loop's looks and connections."""

    running: dict[str, asyncio.Task[None]]
    client: httpx.AsyncClient | None = None
