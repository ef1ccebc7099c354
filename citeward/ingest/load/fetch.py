"""Gets a web page: from an address that was checked, within limits of time, size, redirects and kind."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpcore
import httpx

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.addresses import AddressPolicy
from citeward.ingest.load.regular_file import size
from citeward.settings import WebSettings

SILENCE = 15.0
"""Seconds without a byte after which a server is given up."""
TRIES = 3
LONGEST_WAIT = 30.0
"""Seconds; a server that asks for a longer pause (Retry-After) is asked again the next time."""
PAUSE = 0.1
"""Seconds between two requests to one host."""
_BUSY = frozenset({429, 503})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""What is unpacked: one of these, once. Others, and one packed into another, grow without bound."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a server gave."""

    content: bytes
    kind: str
    """The media type in lower case; empty where the server names none."""
    charset: str | None


@dataclass(frozen=True, kw_only=True)
class Server:
    """Whom a request goes to."""

    host: str
    port: int | None
    """None for the usual one, so that a page may move from http to https."""

    @classmethod
    def of(cls, url: str) -> Server:
        """The server of an address; raises ValueError when it is none."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from error
        return cls(host=parsed.raw_host.decode("ascii").lower().rstrip("."), port=parsed.port)


class Fetcher:
    """Fetches pages one after the other; a context manager, which closes the connections.

    A name is resolved when a connection to it is made, once; all of its addresses are checked, and the connection
    goes to one of those. So a name whose addresses change between the check and the connection leads nowhere else.

    Args:
        settings: Limits, and which hosts may be fetched.
        listed: Servers that redirects may lead to, besides those of the settings.
    """

    def __init__(self, settings: WebSettings, listed: Collection[Server] = ()) -> None:
        self._settings = settings
        self._listed = {*listed, *(Server.of(f"http://{host}/") for host in settings.redirect_hosts)}
        self._policy = AddressPolicy(private_hosts=settings.private_hosts)
        self._network = _CheckedNetwork(self._policy)
        self._client = httpx.Client(
            transport=_Transport(self._network) if settings.proxy is None else None,
            proxy=settings.proxy,
            # Neither proxies nor passwords (.netrc) of the environment; certificates are taken from there all the same.
            trust_env=False,
            timeout=SILENCE,
            headers={
                "user-agent": "citeward (document indexing)",
                "accept": "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, application/pdf;q=0.8",
                "accept-encoding": "gzip, deflate",
            },
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def fetch(self, url: str) -> Page:
        """The page; a busy server is asked again after the pause that it names.

        Raises:
            UnsupportedDocument: It cannot be had; the message says why.
        """
        self._network.deadline = deadline = time.monotonic() + self._settings.seconds
        try:
            return self._fetch(httpx.URL(url), deadline)
        except httpx.TimeoutException as error:
            if time.monotonic() >= deadline:
                raise self._late() from error
            raise _refused(f"no answer within {SILENCE:.0f} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _refused(f"cannot be fetched: {error or type(error).__name__}") from error

    def _fetch(self, url: httpx.URL, deadline: float) -> Page:
        tries = redirects = 0
        while True:
            self._policy.check_literal(url.host)
            with self._client.stream("GET", url) as response:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    redirects += 1
                    if redirects > self._settings.redirects:
                        raise _refused(f"more than {self._settings.redirects} redirects")
                    url = self._redirected(url, response.headers["location"])
                    continue
                wait = _pause_asked_for(response)
                if wait is None:
                    return self._page(response, deadline)
            tries += 1
            if tries == TRIES:
                raise _refused(f"the server is busy: asked {TRIES} times")
            if time.monotonic() + wait > deadline:
                raise self._late()
            time.sleep(wait)

    def _redirected(self, url: httpx.URL, location: str) -> httpx.URL:
        """Where a redirect leads, when it may lead there."""
        there = url.join(location)
        if there.scheme not in ("http", "https") or not there.host:
            raise _refused(f"cannot be fetched: it redirects to {location[:80]!r}")
        if there.userinfo:
            raise _refused("cannot be fetched: it redirects to an address with a user's name")
        target = Server.of(str(there))
        if target not in {Server.of(str(url)), *self._listed}:
            raise _refused(
                f"it redirects to another server, {there.netloc.decode('ascii')!r}, which neither the list nor "
                f"index.web.redirect_hosts names"
            )
        return there

    def _page(self, response: httpx.Response, deadline: float) -> Page:
        if response.status_code != 200:
            raise _refused(f"HTTP {response.status_code}")
        if (encoding := response.headers.get("content-encoding", "").strip().lower()) not in _ENCODINGS:
            raise _refused(f"cannot be fetched: it is packed as {encoding[:40]!r}")
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > self._settings.page_bytes:
                raise _refused(f"larger than {size(self._settings.page_bytes)}")
            if time.monotonic() > deadline:
                raise self._late()
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Page(content=bytes(content), kind=kind, charset=response.charset_encoding)

    def _late(self) -> UnsupportedDocument:
        return _refused(f"not there within {self._settings.seconds:g} s")


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and keeps to a deadline however slowly the bytes come."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._system = httpcore.SyncBackend()
        self.deadline = float("inf")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._policy.resolve(host, port):
            try:
                stream = self._system.connect_tcp(
                    address, port, self.left(timeout, httpcore.ConnectTimeout), local_address, socket_options
                )
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _TimedStream(stream, self)
        raise failure or httpcore.ConnectError(f"no address of {host!r} is known")

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        """Seconds that a step may take; raises `error` when there are none left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise error("the page took too long")
        return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore.NetworkStream):
    """A connection that keeps to the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, network: _CheckedNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._network.left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Transport(httpx.HTTPTransport):
    """httpx's own, over our network: the name stays in the request, the TLS handshake and the certificate's check."""

    def __init__(self, network: httpcore.NetworkBackend) -> None:
        super().__init__()
        # httpx has no parameter for it; the pool is built just as httpx builds it.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), max_connections=10, network_backend=network
        )


def _refused(reason: str) -> UnsupportedDocument:
    return UnsupportedDocument(reason, hint="Open the address in a browser to see what it gives.")


def _pause_asked_for(response: httpx.Response) -> float | None:
    """Seconds to wait before the next try; None where there is no need to, or the server asks for too long."""
    asked = response.headers.get("retry-after", "")
    if response.status_code not in _BUSY or not asked.isdecimal() or len(asked) > 6:
        return None
    return float(asked) if float(asked) <= LONGEST_WAIT else None
