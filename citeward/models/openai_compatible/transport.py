"""The way to a server and back: one post, tried again until its answer begins, then the data of its events."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from citeward.endpoint.address import address
from citeward.endpoint.credentials import Credentials
from citeward.endpoint.loops import PerLoop
from citeward.endpoint.refusal import Reply, may_pass, refusal, retry_after
from citeward.endpoint.tries import Again, Tries
from citeward.errors import BadResponse, ModelTimeout, ModelUnavailable, SettingsError
from citeward.logs import get_logger

if TYPE_CHECKING:
    import aiohttp

FIRST_WAIT = 0.2
"""Seconds, at most, before the first further try where the server names no time."""
LONGEST_WAIT = 20.0
"""Seconds between two tries; a server that asks for more is not waited for, so that a fallback can answer."""
LAST_BYTES = 0.1
"""Seconds that a server may take to end its response after the last event, and keep its connection."""
_ERROR_BODY = 65_536

logger = get_logger(__name__)


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
        tries = Tries(retries=self._retries, first=FIRST_WAIT, longest=LONGEST_WAIT, tell=_log)
        return await tries.of(lambda: self._posted(content, until), until=until)

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
            raise Again(unreachable) from error
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
        raise Again(refused, after=after)

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

    async def end(self, response: aiohttp.ClientResponse) -> None:
        """Read what follows the last event, which is nothing but the response's own end, so that its connection
        serves the next call. One that does not end at once is closed."""
        import aiohttp

        content = response.content
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(LAST_BYTES):
                while not content.at_eof():
                    await content.readany()

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


def _log(reason: str, seconds: float) -> None:
    logger.info("model.retry", reason=reason, seconds=seconds)


def _left(until: float | None, most: float) -> float:
    return most if until is None else min(most, until - time.monotonic())
