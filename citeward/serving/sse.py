"""Server-sent events (the HTML standard, section 9.2)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from citeward.errors import CitewardError
from citeward.serving.refusals import noted, refusal
from citeward.serving.runs import unless_gone

LAST_WORDS = 1.0
"""Seconds that a client has to take the last event of a stream that failed."""


def to_json(value: Any) -> bytes:
    """The value as JSON. What JSON cannot say (half a character, an object of a tool's) does not lose the rest."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, default=str, skipkeys=True, allow_nan=False).encode()


class Json(Response):
    """A response of JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return to_json(content)


def sse(event: str, data: Any) -> bytes:
    """One event. The data is one line of JSON, so it needs no splitting."""
    return b"event: " + event.encode() + b"\r\ndata: " + to_json(data) + b"\r\n\r\n"


class EventStream(StreamingResponse):
    """A response of events.

    A client that goes away cancels what makes them, even while there is nothing to send. Whatever goes wrong, and the
    server's shutdown, is told as the last event; before the first one it still is an HTTP status.

    Args:
        events: Framed for the wire.
        failure: Frames an error as the protocol has it.
    """

    def __init__(self, events: AsyncGenerator[bytes, None], *, failure: Callable[[CitewardError], bytes]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._events = events
        self._failure = failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they or the client end."""
        started = ended = False

        async def counted(message: Message) -> None:
            nonlocal started, ended
            started = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await unless_gone(scope, receive, self._sent(counted))
        except Exception as error:  # noqa: BLE001  whatever it is, the client must hear of it
            failed = noted(error)
            if not started:
                await refusal(failed, scope["path"])(scope, receive, send)
                return
            if ended:
                return
            # A client that reads no more must not keep the server from stopping.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
                    await send({"type": "http.response.body", "body": self._failure(failed), "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _sent(self, send: Send) -> None:
        async with aclosing(self._events):
            await self.stream_response(send)
