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
from citeward.endpoint.refusal import Reply, may_pass, refusal, reported, retry_after, shape, unreachable
from citeward.endpoint.tries import Again, Tries
from citeward.errors import BadResponse, CitewardError, ModelTimeout, ModelUnavailable, SettingsError
from citeward.logs import get_logger, masked

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
        name: The model's, as errors name it; they never name the address, as they may reach clients.
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
        name: str,
        api_key: str | None,
        connect_timeout: float,
        timeout: float,
        retries: int,
        headers: Mapping[str, str],
    ) -> None:
        self._address = address(url)
        self._name = f"model {name!r}"
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
    def name(self) -> str:
        """As errors name it."""
        return self._name

    @property
    def server(self) -> str:
        """Its address."""
        return self._address.base

    async def aclose(self) -> None:
        """Give back the running loop's connections; a later call opens new ones."""
        session = self._sessions.pop()
        if session is not None:
            await session.close()

    async def post(self, content: bytes, until: float | None) -> aiohttp.ClientResponse:
        """The response, once the server has begun to answer; what may pass is tried again."""
        tries = Tries(retries=self._retries, first=FIRST_WAIT, longest=LONGEST_WAIT, tell=self._retried)
        try:
            return await tries.of(lambda: self._posted(content, until), until=until)
        except CitewardError as error:
            self.log(error)
            raise

    def log(self, error: CitewardError) -> None:
        """Write what the server said, which leaves the process nowhere else, to the log."""
        if error.detail:
            logger.warning("upstream.failed", name=self._name, code=error.code, detail=error.detail)

    def words(self, text: str, content: bytes, answer: str = "") -> str:
        """The server's words as a log may have them, without those of the request and of the answer so far."""
        import orjson

        return masked(self._credentials.clean(text), request=[orjson.loads(content), answer])

    def _retried(self, error: CitewardError, seconds: float) -> None:
        logger.info("model.retry", reason=error.message, seconds=seconds, detail=error.detail)

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
            failed = unreachable(self._name, error, words=lambda text: self.words(text, content))
            if isinstance(error, aiohttp.ClientConnectorCertificateError):
                raise failed from error
            raise Again(failed) from error
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
            broken = self.bad(f"answered with what is not a stream ({shape(text)})")
            broken.detail = self.words(reported(text), content)
            raise broken
        reply = Reply(status=response.status, headers=response.headers, text=text)
        refused = refusal(
            reply,
            name=self._name,
            has_key=self._credentials.has_key,
            words=lambda text: self.words(text, content),
        )
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
                f"{self._name} broke off in the middle of an answer",
                hint="See the server's own log.",
                detail=type(error).__name__,
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
            f"{self._name} was silent for too long",
            hint="Give it more time (`timeout`), or send it less at once.",
        )

    def bad(self, what: str) -> BadResponse:
        """The error that says `what` the server did."""
        return BadResponse(
            f"{self._name} {what}",
            hint="Is its `url` the address of an OpenAI-compatible API, up to and with its version?",
        )


def _left(until: float | None, most: float) -> float:
    return most if until is None else min(most, until - time.monotonic())
