"""Reads request bodies within limits: of size, of time, and of what all unfinished ones may hold together."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeward.errors import CitewardError, InputTooLong, RequestTimeout, ServerBusy
from citeward.serving.refusals import refusal
from citeward.serving.shutdown import Shutdown

LINGER = 2.0
"""Seconds that the rest of a refused body is read and thrown away, so that its sender can read why."""


class BodyLimit:
    """ASGI middleware: passes a request on once its body is there.

    413 for a body over `limit`, whether its length is declared or it comes in chunks; 408 for one that has not come in
    time; 503 while the unfinished bodies hold `buffered` together. A body that arrives with its headers, as most
    questions do, is never refused for what others hold.

    Args:
        app: What the request goes to.
        limit: Bytes of one body.
        seconds: How long one body may take, from its headers on.
        buffered: Bytes of all unfinished bodies together.
        shutdown: Unfinished bodies are dropped when it begins.
    """

    def __init__(self, app: ASGIApp, *, limit: int, seconds: float, buffered: int, shutdown: Shutdown) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds
        self._buffered = buffered
        self._held = 0
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except CitewardError as error:
            await self._refuse(error, scope, receive, send)
            return
        if body is None:
            return  # the client has gone
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, replayed, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared) > self._limit:
            raise self._too_large(f"{int(declared):,}")
        if self._shutdown.begun:
            raise self._shutdown.error()
        # Bytes joined as they come: a message for each of a million one-byte chunks would hold hundreds of megabytes.
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds) as timeout:
                undo = self._shutdown.drop_on_shutdown(timeout)
                try:
                    more = True
                    while more:
                        message = await receive()
                        if message["type"] == "http.disconnect":
                            return None
                        more = message.get("more_body", False)
                        self._take(body, message.get("body", b""), more=more)
                finally:
                    undo()
        except TimeoutError:
            if self._shutdown.begun:
                raise self._shutdown.error() from None
            raise RequestTimeout(
                f"the body did not come within {self._seconds:g} seconds",
                hint="Send the whole body at once, or raise server.body_seconds.",
            ) from None
        finally:
            self._held -= min(self._held, len(body))
        return bytes(body)

    def _take(self, body: bytearray, chunk: bytes, *, more: bool) -> None:
        if len(body) + len(chunk) > self._limit:
            raise self._too_large(f"more than {self._limit:,}")
        if (more or body) and self._held + len(chunk) > self._buffered:
            raise ServerBusy(
                "too many request bodies are being sent at once",
                hint="Try again in a moment, or raise server.max_buffered.",
                retry_after=1.0,
            )
        self._held += len(chunk)
        body += chunk

    def _too_large(self, size: str) -> InputTooLong:
        return InputTooLong(
            f"the body has {size} bytes; the server takes {self._limit:,}",
            hint="Send less, or raise server.max_body.",
        )

    async def _refuse(self, error: CitewardError, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the refusal, and close the connection once its sender had time to read it.

        To close while bytes are under way would reset the connection, and many clients then never see the response.
        """
        response: Response = refusal(error, scope["path"])
        headers = [*response.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
        if not self._shutdown.begun:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER) as timeout:
                    undo = self._shutdown.drop_on_shutdown(timeout)
                    try:
                        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                            pass
                    finally:
                        undo()
        await send({"type": "http.response.body", "body": b""})
