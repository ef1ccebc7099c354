"""Server-sent events (the HTML standard, section 9.2)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from citeward.serving.runs import unless_gone


def sse(event: str, data: Any) -> bytes:
    """One event. The data is one line of JSON, so it needs no splitting."""
    return b"event: " + event.encode() + b"\r\ndata: " + orjson.dumps(data) + b"\r\n\r\n"


class EventStream(StreamingResponse):
    """A response of events. A client that goes away cancels what makes them, even while there is nothing to send."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        """Send the events until they or the client end."""
        await unless_gone(receive, self._sent(send))

    async def _sent(self, send: Send) -> None:
        async with aclosing(self._events):
            await self.stream_response(send)
