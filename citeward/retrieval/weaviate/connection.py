"""The way to the server: one client, connected at the first call, asked with patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from citeward.errors import CitewardError, SettingsError, StoreError, StoreUnavailable
from citeward.retrieval.weaviate.embedded import MINIMUM, embedded_options
from citeward.retrieval.weaviate.faults import SpaceMissing, TenantMissing, exhausted, faults, unavailable

T = TypeVar("T")
EMBEDDED = "embedded"
WRITE_FACTOR = 3
"""How many times as long as a query a write may take."""
_CONNECT_SECONDS = 10.0
_READY_SECONDS = 5.0
_CLIENT_RETRY_SECONDS = 1.0
"""The client repeats requests by itself and does not tell; it waits at least so long before it does."""
# A channel that lost its server looks for it again at once, not after the usual half minute.
_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is known of the server at one moment, to tell later whether something interrupted the calls since."""

    failures: int
    slow: int
    epoch: str
    """Changes when a process of the server is started anew; empty where the server does not tell."""

    def restarted_before(self, later: Moment) -> bool:
        """Whether a process of the server was started anew between the two."""
        return self.epoch != later.epoch

    def interrupted_before(self, later: Moment) -> bool:
        """Whether a call between the two was cut off, and then repeated."""
        return self.failures != later.failures or self.restarted_before(later)

    def doubtful_before(self, later: Moment) -> bool:
        """Whether that cannot be told: the server does not tell, and a call took so long that it may have been."""
        return not self.epoch and self.slow != later.slow


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
        self.failures = 0
        """Attempts that had no answer so far."""
        self.slow = 0
        """Attempts so far that took so long that the client may have repeated them by itself."""
        self.when_missing: Callable[[], None] = lambda: None
        """Called where a collection that was asked for is not there any more."""
        self._address = None if url == EMBEDDED else address(url, grpc_host=grpc_host, grpc_port=grpc_port)
        self._api_key = api_key
        self._skip_init_checks = skip_init_checks
        self._client: Any = None
        self._lock = asyncio.Lock()

    async def ask(self, call: Callable[[Any], Awaitable[T]], /) -> T:
        """What `call` gives with the client; it may run several times, so it must do no harm twice.

        Connecting, the call and its retries share one deadline. The delay between two attempts grows to two seconds,
        with jitter.

        Raises:
            StoreUnavailable: No answer within the timeout; the message says how long it was tried, and how often.
            StoreError: The server refuses.
        """
        return await self._patiently(call, self.timeout)

    async def tell(self, call: Callable[[Any], Awaitable[T]], /) -> T:
        """As `ask`, for a write."""
        return await self._patiently(call, self.timeout * WRITE_FACTOR)

    async def moment(self) -> Moment:
        """Now, to be compared with a later one."""
        return Moment(epoch=await self._epoch(), failures=self.failures, slow=self.slow)

    async def close(self) -> None:
        """Give back sockets; an embedded server of ours ends."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _patiently(self, call: Callable[[Any], Awaitable[T]], seconds: float) -> T:
        from tenacity import AsyncRetrying, retry_if_exception, stop_never, wait_random_exponential

        last: CitewardError | None = None
        attempts, started = 0, time.monotonic()

        async def attempt() -> T:
            nonlocal last, attempts
            attempts += 1
            begun = time.monotonic()
            try:
                if attempts > 1:
                    await self._ready()
                try:
                    return await self._once(call)
                except (SpaceMissing, TenantMissing):
                    await self._ready()  # a server that is not may only not know it yet
                    raise
            except CitewardError as error:
                self.failures += _passing(error)
                last = error
                raise
            finally:
                self.slow += time.monotonic() - begun >= _CLIENT_RETRY_SECONDS

        # The deadline is the only limit: a server that restarts needs as long as it needs, not so many attempts.
        retrying = AsyncRetrying(
            retry=retry_if_exception(_passing),
            stop=stop_never,
            wait=wait_random_exponential(multiplier=0.1, max=2),
            reraise=True,
        )
        try:
            async with asyncio.timeout(seconds):
                return await retrying(attempt)
        except TimeoutError as error:
            self.failures += 1
            raise exhausted(self.url, time.monotonic() - started, attempts, last) from (last or error)

    async def _epoch(self) -> str:
        # The term of the cluster's consensus grows with every election, and whoever starts anew asks for one; a node
        # that starts while others lead tells by the log that it began with.
        try:
            found = await self.ask(lambda client: client.cluster.statistics())
        except StoreUnavailable:
            raise
        except StoreError:
            return ""  # the key may not ask for it
        return " ".join(
            sorted(f"{node.name}:{node.raft.term}:{node.initial_last_applied_index}" for node in found.statistics)
        )

    async def _once(self, call: Callable[[Any], Awaitable[T]]) -> T:
        try:
            with faults(self.url):
                return await call(await self._connected())
        except SpaceMissing:
            self.when_missing()
            raise

    async def _ready(self) -> None:
        """Raise StoreUnavailable while the server starts: it answers by then, and does not know its collections yet."""
        at = self._address
        if at is None or self._skip_init_checks:
            return
        import httpx  # the client's own check prints to standard output where it fails

        host = f"[{at.host}]" if ":" in at.host else at.host
        url = f"{'https' if at.secure else 'http'}://{host}:{at.port}/v1/.well-known/ready"
        with faults(self.url):
            async with httpx.AsyncClient(trust_env=False, verify=at.secure, timeout=_READY_SECONDS) as client:
                response = await client.get(url)
        if not response.is_success:
            raise unavailable(self.url, f"it is not ready (status {response.status_code})")

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
        await self._ready()
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
