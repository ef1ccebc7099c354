"""Refuses a request body that is too large, before it is in memory."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeward.errors import InputTooLong
from citeward.serving.refusals import refusal


class BodyLimit:
    """ASGI middleware: 413 for a body over `limit` bytes, whether its length is declared or it comes in chunks."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body is small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared) > self._limit:
            await refusal(self._too_large(f"{int(declared):,}"), scope["path"])(scope, receive, send)
            return
        read: list[Message] = []
        taken = 0
        while not read or read[-1].get("more_body", False):
            read.append(await receive())
            taken += len(read[-1].get("body", b""))
            if taken > self._limit:
                await refusal(self._too_large(f"more than {self._limit:,}"), scope["path"])(scope, receive, send)
                return
        waiting = iter(read)

        async def replayed() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replayed, send)

    def _too_large(self, size: str) -> InputTooLong:
        return InputTooLong(
            f"the body has {size} bytes; the server takes {self._limit:,}",
            hint="Send less, or raise server.max_body.",
        )
