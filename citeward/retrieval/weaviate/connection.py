"""The way to the server: one client, connected at the first call, asked with patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from citeward.errors import SettingsError, StoreError, StoreUnavailable
from citeward.retrieval.weaviate.embedded import MINIMUM, embedded_options
from citeward.retrieval.weaviate.faults import SpaceMissing, faults, unavailable

T = TypeVar("T")
EMBEDDED = "embedded"
WRITE_FACTOR = 3
"""How many times as long as a query a write may take."""
_ATTEMPTS = 4
_CONNECT_SECONDS = 10.0
# A channel that lost its server looks for it again at once, not after the usual half minute.
_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the server is, and how it is spoken to."""

    host: str
    port: int
    secure: bool
    grpc_host: str
    grpc_port: int


def address(url: str, *, grpc_host: str | None, grpc_port: int) -> Address:
    """The parts of a URL such as `https://weaviate.example.com`; TLS there means TLS for gRPC as well.

    Raises:
        SettingsError: It is no such URL.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.path.strip("/"):
        raise SettingsError(
            f"the store's url {url!r} is no address of a server",
            hint="give it as http://HOST:PORT or https://HOST, or 'embedded' for a server of its own",
        )
    if not 1 <= grpc_port <= 65_535:
        raise SettingsError(f"grpc_port {grpc_port!r} is no port", hint="give 1 to 65535; Weaviate's own is 50051")
    secure = parts.scheme == "https"
    return Address(
        host=parts.hostname,
        port=port or (443 if secure else 80),
        secure=secure,
        grpc_host=grpc_host or parts.hostname,
        grpc_port=grpc_port,
    )


class Connection:
    """Asks the server, again where that may help, and never longer than it may take.

    Args:
        url: The server's REST address, or `embedded`.
        grpc_host: Host of its gRPC service; the same as REST's by default.
        grpc_port: Port of its gRPC service.
        api_key: Sent as a bearer token.
        timeout: Seconds that a query may take, tries included; a write may take three times that.
        skip_init_checks: Do not ask whether the server is ready and new enough.
    """

    def __init__(
        self,
        url: str,
        *,
        grpc_host: str | None,
        grpc_port: int,
        api_key: str | None,
        timeout: float,
        skip_init_checks: bool,
    ) -> None:
        self.url = url
        self.timeout = timeout
        self.when_missing: Callable[[], None] = lambda: None
        """Called where a collection that was asked for is not there any more."""
        self._address = None if url == EMBEDDED else address(url, grpc_host=grpc_host, grpc_port=grpc_port)
        self._api_key = api_key
        self._skip_init_checks = skip_init_checks
        self._client: Any = None
        self._lock = asyncio.Lock()

    async def ask(self, call: Callable[[Any], Awaitable[T]], /) -> T:
        """What `call` gives with the client; it may run several times, so it must do no harm twice.

        Raises:
            StoreUnavailable: No answer within the timeout.
            StoreError: The server refuses.
        """
        return await self._patiently(call, self.timeout)

    async def tell(self, call: Callable[[Any], Awaitable[T]], /) -> T:
        """As `ask`, for a write."""
        return await self._patiently(call, self.timeout * WRITE_FACTOR)

    async def close(self) -> None:
        """Give back sockets; an embedded server of ours ends."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _patiently(self, call: Callable[[Any], Awaitable[T]], seconds: float) -> T:
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        retrying = AsyncRetrying(
            retry=retry_if_exception(_passing),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            reraise=True,
        )
        try:
            async with asyncio.timeout(seconds):
                return await retrying(self._once, call)
        except TimeoutError as error:
            raise unavailable(self.url, f"no answer within {seconds:g} s") from error

    async def _once(self, call: Callable[[Any], Awaitable[T]]) -> T:
        try:
            with faults(self.url):
                return await call(await self._connected())
        except SpaceMissing:
            self.when_missing()
            raise

    async def _connected(self) -> Any:
        if self._client is None:
            async with self._lock:
                if self._client is None:
                    self._client = await self._connect()
        return self._client

    async def _connect(self) -> Any:
        client = await asyncio.to_thread(self._made)
        try:
            await client.connect()
            if not self._skip_init_checks:
                await self._check(client)
        except BaseException:
            await client.close()
            raise
        return client

    async def _check(self, client: Any) -> None:
        if not await client.is_ready():
            raise unavailable(self.url, "it is not ready")
        version = str((await client.get_meta()).get("version", ""))
        if _parsed(version) < MINIMUM:
            raise StoreError(
                f"the server {self.url!r} is Weaviate {version!r}",
                hint=f"upgrade it to {'.'.join(map(str, MINIMUM))} or newer",
            )

    def _made(self) -> Any:
        """The client, not connected; an embedded server is started here, which blocks."""
        weaviate = _imported()
        from weaviate.classes.init import AdditionalConfig, Auth, Timeout
        from weaviate.config import GrpcConfig
        from weaviate.connect import ConnectionParams

        init = min(self.timeout, _CONNECT_SECONDS)
        config = AdditionalConfig(
            timeout=Timeout(init=init, query=self.timeout, insert=self.timeout * WRITE_FACTOR),
            grpc_config=GrpcConfig(channel_options=list(_CHANNEL)),
        )
        # The client's own checks ask the package index for its newest version; ours, above, stay on the server.
        more: dict[str, Any] = {"additional_config": config, "skip_init_checks": True}
        if self._api_key is not None:
            more["auth_client_secret"] = Auth.api_key(self._api_key)
        at = self._address
        if at is None:
            options = embedded_options()
            try:
                return weaviate.WeaviateAsyncClient(embedded_options=options, **more)
            except weaviate.exceptions.WeaviateStartUpError as error:
                if "already listening" not in str(error):
                    raise
                # Another process of this machine started it, and is asked as any other server.
                host, port = options.hostname, options.port
                at = Address(host=host, port=port, secure=False, grpc_host=host, grpc_port=options.grpc_port)
        params = ConnectionParams.from_params(at.host, at.port, at.secure, at.grpc_host, at.grpc_port, at.secure)
        return weaviate.WeaviateAsyncClient(params, **more)


def _imported() -> Any:
    try:
        import weaviate
    except ImportError as error:
        raise SettingsError(
            "the store is on Weaviate, and its client is not installed", hint="pip install 'citeward[weaviate]'"
        ) from error
    return weaviate


def _passing(error: BaseException) -> bool:
    return isinstance(error, StoreUnavailable) and not isinstance(error, SpaceMissing)


def _parsed(version: str) -> tuple[int, ...]:
    numbers = version.split("-")[0].split(".")
    return tuple(int(number) for number in numbers if number.isdigit()) or MINIMUM
