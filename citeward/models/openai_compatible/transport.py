"""The way to a server and back: one post, tried again until its answer begins, then the data of its events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from citeward.endpoint.address import address
from citeward.endpoint.credentials import Credentials
from citeward.endpoint.loops import PerLoop
from citeward.endpoint.refusal import Reply, may_pass, refusal, retry_after
from citeward.errors import BadResponse, CitewardError, ModelTimeout, ModelUnavailable, SettingsError

if TYPE_CHECKING:
    import aiohttp

LONGEST_WAIT = 20.0
"""Seconds between two tries; a server that asks for more is not waited for, so that a fallback can answer."""
_ERROR_BODY = 65_536

logger = structlog.get_logger(__name__)


class Transport:
    """Posts to one server and reads its event stream. Making one opens nothing.

    Args:
        url: Up to and with the version.
        api_key: Sent as a bearer token.
        connect_timeout: Seconds for reaching the server.
        timeout: Seconds that may pass without a byte.
        retries: Further tries before the first byte of an answer.
        headers: Sent with every request.

    Raises:
        SettingsError: A url, key or timeout that cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        connect_timeout: float,
        timeout: float,
        retries: int,
        headers: Mapping[str, str],
    ) -> None:
        self._address = address(url)
        if not (timeout > 0 and connect_timeout > 0):
            raise SettingsError(
                f"timeouts of {connect_timeout!r} and {timeout!r} seconds let nothing through", hint="Give more than 0."
            )
        if retries < 0:
            raise SettingsError(f"{retries!r} retries make no sense", hint="Give 0 or more.")
        self._credentials = Credentials(api_key, headers)
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._retries = retries
        self._sessions = PerLoop(self._session)

    @property
    def server(self) -> str:
        """As errors name it."""
        return self._address.base

    async def aclose(self) -> None:
        """Give back the running loop's connections; a later call opens new ones."""
        session = self._sessions.pop()
        if session is not None:
            await session.close()

    async def post(self, content: bytes, until: float | None) -> aiohttp.ClientResponse:
        """The response, once the server has begun to answer; what may pass is tried again."""
        tries = AsyncRetrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(self._retries + 1),
            wait=_wait,
            before_sleep=self._log,
            reraise=True,
        )
        try:
            async for attempt in tries:
                with attempt:
                    return await self._posted(content, until)
        except _Again as again:
            raise again.error from again.__cause__
        raise AssertionError("unreachable: the last try returns or raises")

    async def _posted(self, content: bytes, until: float | None) -> aiohttp.ClientResponse:
        import aiohttp

        left = _left(until, self._timeout)
        if left <= 0:
            raise self._late()
        url = f"{self.server}/chat/completions{self._address.query}"
        try:
            async with asyncio.timeout(left):
                response = await self._sessions.get().post(url, data=content, allow_redirects=False)
        except (TimeoutError, aiohttp.ServerTimeoutError) as error:
            raise self._late() from error
        except (aiohttp.ClientError, OSError) as error:
            unreachable = ModelUnavailable(
                f"{self._address.base} cannot be reached: {self.clean(str(error)) or type(error).__name__}",
                hint="Is the server running, and is the address right? Mind HTTP_PROXY and SSL_CERT_FILE.",
            )
            if isinstance(error, aiohttp.ClientConnectorCertificateError):
                raise unreachable from error
            raise _Again(unreachable, until=until) from error
        if response.status == 200 and "json" not in response.content_type:
            return response
        try:
            async with asyncio.timeout(left):
                text = (await response.content.read(_ERROR_BODY)).decode("utf-8", "replace")
        except (TimeoutError, aiohttp.ClientError, OSError):
            text = ""
        finally:
            response.close()
        if response.status == 200:
            raise self.bad(f"answered with what is no stream: {self.clean(text)[:80]!r}")
        reply = Reply(status=response.status, headers=response.headers, text=text)
        refused = refusal(reply, base=self._address.base, has_key=self._credentials.has_key, clean=self.clean)
        after = retry_after(reply)
        if not may_pass(reply) or (after or 0.0) > _left(until, LONGEST_WAIT):
            raise refused
        raise _Again(refused, after=after, until=until)

    async def read(self, response: aiohttp.ClientResponse, until: float | None) -> bytes:
        """What has come of the body since the last read, at least a byte; nothing at its end."""
        import aiohttp

        try:
            if until is None:
                return await response.content.readany()  # the session bounds the silence
            async with asyncio.timeout(until - time.monotonic()):
                return await response.content.readany()
        except (TimeoutError, aiohttp.ServerTimeoutError) as error:
            raise self._late() from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelUnavailable(
                f"{self.server} broke off in the middle of an answer: {self.clean(str(error)) or type(error).__name__}",
                hint="See the server's own log.",
            ) from error

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp

        timeout = aiohttp.ClientTimeout(
            total=None, connect=None, sock_connect=self._connect_timeout, sock_read=self._timeout
        )
        return aiohttp.ClientSession(
            headers={"Content-Type": "application/json", "Accept": "text/event-stream", **self._credentials.headers},
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            trust_env=True,
            auto_decompress=True,
        )

    def _late(self) -> ModelTimeout:
        return ModelTimeout(
            f"{self._address.base} was silent for too long",
            hint="Give it more time (`timeout`), or send it less at once.",
        )

    def bad(self, what: str) -> BadResponse:
        """The error that says `what` the server did."""
        return BadResponse(
            f"{self._address.base} {what}",
            hint="Is this the address of an OpenAI-compatible API, up to and with its version?",
        )

    def clean(self, text: str) -> str:
        """Without anything that was to be kept secret, and not too long."""
        return self._credentials.clean(text)

    def _log(self, state: RetryCallState) -> None:
        again = state.outcome.exception() if state.outcome else None
        if isinstance(again, _Again) and state.next_action:
            logger.info("model.retry", reason=again.error.message, seconds=round(state.next_action.sleep, 2))


class _Again(Exception):
    """A try that failed before its first byte and may be followed by another."""

    def __init__(self, error: CitewardError, *, after: float | None = None, until: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after
        self.until = until


def _wait(state: RetryCallState) -> float:
    """Seconds: what the server named, else at random in a range that doubles; never past the request's own time."""
    again = state.outcome.exception() if state.outcome else None
    seconds = wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT)(state)
    if isinstance(again, _Again):
        seconds = max(seconds, again.after or 0.0)
        if again.until is not None:
            seconds = min(seconds, max(0.0, again.until - time.monotonic()))
    return seconds


def _left(until: float | None, most: float) -> float:
    return most if until is None else min(most, until - time.monotonic())
