"""JSON over HTTP: one server that models stand behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from citeward.endpoint.address import address
from citeward.endpoint.credentials import Credentials
from citeward.endpoint.loops import PerLoop
from citeward.endpoint.refusal import Reply, may_pass, refusal, retry_after, shape, unreachable
from citeward.endpoint.tries import Again, Tries
from citeward.errors import (
    BadResponse,
    CitewardError,
    DeadlineExceeded,
    InvalidInput,
    SettingsError,
)
from citeward.logs import get_logger, masked

if TYPE_CHECKING:
    import httpx

Json: TypeAlias = dict[str, Any] | list[Any]
"""What a server answers with: an object or an array."""

FIRST_WAIT = 0.5
"""Seconds, at most, before the first further try where the server names no time; doubled with each try."""
LONGEST_WAIT = 60.0
"""Seconds, at most, between two tries. A server that asks for more is not waited for: the caller hears of it."""


logger = get_logger(__name__)


class Endpoint:
    """A server that speaks JSON: connections are pooled, what may pass is tried again, errors are ours.

    Making one opens nothing. Proxies and certificates come from the environment, as httpx reads it (HTTPS_PROXY,
    NO_PROXY, SSL_CERT_FILE). A post is sent again after any failure that may pass, so it must be one that does no
    harm when it is done twice.

    Args:
        url: Up to and with the version, as `http://127.0.0.1:8001/v1`; a query is kept and put behind each path.
        api_key: Sent as a bearer token; never part of an error, a log or the repr.
        timeout: Seconds that one try may take, from the first byte sent to the last received.
        retries: Further tries after the first.
        headers: Sent with every request; their values are kept as secret as the key.
        name: What is asked, as errors name it; they never name the address, as they may reach clients.

    Raises:
        SettingsError: The url is none, or carries a password; the key or a header cannot be sent.

    Example:
        >>> Endpoint("http://127.0.0.1:8001/v1", api_key="secret")
        Endpoint('http://127.0.0.1:8001/v1')
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        headers: Mapping[str, str] | None = None,
        name: str = "the endpoint",
    ) -> None:
        self._name = name
        self._address = address(url)
        if not timeout > 0:
            raise SettingsError(f"A timeout of {timeout!r} seconds lets nothing through.", hint="Give more than 0.")
        if retries < 0:
            raise SettingsError(f"{retries!r} retries make no sense.", hint="Give 0 or more.")
        self._credentials = Credentials(api_key, headers or {})
        self._timeout = timeout
        self._retries = retries
        self._clients = PerLoop(self._client)

    def __repr__(self) -> str:
        return f"Endpoint({self._address.base!r})"

    @property
    def url(self) -> str:
        """As given, less its query."""
        return self._address.base

    async def post(
        self, path: str, body: Mapping[str, Any], *, before: Callable[[], Awaitable[None]] | None = None
    ) -> Json:
        """What the server answers to `body`.

        Args:
            path: From the endpoint's url on, as `/embeddings`; empty for the url itself.
            body: Sent as JSON.
            before: Awaited before each try, for one who counts them.

        Raises:
            InvalidInput: `body` is no JSON.
            AuthenticationFailed: 401 or 403.
            NotFound: 404: the path, or the model that `body` names.
            RateLimited: Still 429 after the last try, or the wait that the server asks for is too long.
            Overloaded: Still 503 or 529 after the last try.
            ContextTooLong: The server says that a text is too long.
            ModelUnavailable: Not reachable, or failed inside, after the last try.
            DeadlineExceeded: No whole answer within `timeout`, after the last try.
            BadResponse: The answer is no JSON object or array.
            ModelError: The server refused the request for another reason, which the error's `detail` has.
        """
        import orjson

        try:
            content = orjson.dumps(body)
        except TypeError as error:
            raise InvalidInput("the request cannot be written as JSON", hint="Send valid text.") from error
        return await self._tried("POST", path, content, before)

    async def get(self, path: str) -> Json:
        """What the server has at `path`. Raises as `post` does."""
        return await self._tried("GET", path, None, None)

    async def aclose(self) -> None:
        """Give back the running loop's connections; a later call opens new ones."""
        client = self._clients.pop()
        if client is not None:
            await client.aclose()

    async def _tried(
        self, method: str, path: str, content: bytes | None, before: Callable[[], Awaitable[None]] | None
    ) -> Json:
        async def once() -> Json:
            if before is not None:
                await before()
            return await self._once(method, path, content)

        tries = Tries(retries=self._retries, first=FIRST_WAIT, longest=LONGEST_WAIT, tell=self._retried)
        try:
            return await tries.of(once)
        except CitewardError as error:
            if error.detail:
                logger.warning("upstream.failed", name=self._name, code=error.code, detail=error.detail)
            raise

    def _retried(self, error: CitewardError, seconds: float) -> None:
        logger.info("endpoint.retry", reason=error.message, seconds=seconds, detail=error.detail)

    async def _once(self, method: str, path: str, content: bytes | None) -> Json:
        """One try. Raises Again where another may help, and the error itself where not."""
        import httpx

        url = f"{self._address.base}{path}{self._address.query}"

        def words(text: str) -> str:
            return self._masked(text, content)

        client = self._clients.get()  # reads certificates the first time, which is no delay of the server's
        try:
            async with asyncio.timeout(self._timeout):
                answer = await client.request(method, url, content=content)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise Again(
                DeadlineExceeded(
                    f"{self._name} gave no whole answer within {self._timeout:g} seconds",
                    hint="Give it more time (`timeout`), or send less at once.",
                )
            ) from error
        except httpx.TransportError as error:
            failed = unreachable(self._name, error, words=words)
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise failed from error
            raise Again(failed) from error
        except httpx.RequestError as error:
            raise BadResponse(
                f"the answer of {self._name} cannot be read",
                hint="See whether a proxy on the way alters answers.",
                detail=type(error).__name__,
            ) from error
        if answer.is_success:
            return self._read(answer)
        reply = Reply(status=answer.status_code, headers=answer.headers, text=answer.text)
        refused = refusal(reply, name=self._name, has_key=self._credentials.has_key, words=words)
        after = retry_after(reply)
        if not may_pass(reply) or (after or 0.0) > LONGEST_WAIT:
            raise refused
        raise Again(refused, after=after)

    def _masked(self, text: str, content: bytes | None) -> str:
        """The server's words as a log may have them, without what was sent."""
        import orjson

        return masked(self._credentials.clean(text), request=orjson.loads(content) if content else None)

    def _read(self, answer: httpx.Response) -> Json:
        import json

        import orjson

        try:
            try:
                value = orjson.loads(answer.content)
            except orjson.JSONDecodeError:
                # Python's own server side writes NaN and Infinity, which are no JSON; whoever reads the numbers says
                # which of them they are.
                value = json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise BadResponse(
                f"{self._name} answered with what is not JSON ({shape(answer.content)})",
                hint="Is its `url` the address of the API, up to and with its version (as http://127.0.0.1:8001/v1)?",
            ) from error
        if not isinstance(value, dict | list):
            raise BadResponse(
                f"{self._name} answered with {shape(value)}",
                hint="Is its `url` the address of the API?",
            )
        return value

    def _client(self) -> httpx.AsyncClient:
        import httpx

        # Half of the time at most for reaching the server, so that one that is not there is told from a slow one.
        # Waiting for a free connection is not the server's fault: it is bounded by the callers' number.
        timeout = httpx.Timeout(self._timeout, connect=min(10.0, self._timeout / 2), pool=None)
        try:
            return httpx.AsyncClient(
                headers={"Content-Type": "application/json", **self._credentials.headers},
                timeout=timeout,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            )
        except (ImportError, ValueError, OSError, httpx.InvalidURL):
            # The cause names the proxy with its password.
            raise SettingsError(
                "The environment names a proxy or certificates that cannot be used.",
                hint="Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
            ) from None
