"""A server that speaks the OpenAI chat protocol as a test tells it to, faults included.

::

    async with Upstream(Turn(text=("Hel", "lo.")), Turn(status=429, retry_after=1), Turn(drop=True)) as server:
        model = OpenAICompatibleModel(server.url, "any")

It listens on a free port of the loopback address, streams over real sockets, and remembers what it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from citeward.contracts.tool import ToolCall

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True, kw_only=True)
class Turn:
    """How the server meets one request."""

    text: Sequence[str] = ()
    """The answer, a piece an event."""
    reasoning: Sequence[str] = ()
    """Thought before the answer."""
    tool_calls: Sequence[ToolCall] = ()
    """Asked for after the text, their arguments in pieces, those of parallel calls taking turns."""
    finish_reason: str | None = None
    """`tool_calls` or `stop` where None; empty leaves it out."""
    usage: tuple[int, int] | None = (10, 5)
    """Tokens of prompt and answer; None sends none."""
    cached: int = 0
    """Of the prompt's tokens: read from the server's cache."""
    done: bool = True
    """Whether `[DONE]` ends the stream."""
    status: int = 200
    message: str = "as the test wishes"
    """Told with a status other than 200."""
    code: str = ""
    """The error's `code`."""
    retry_after: float | None = None
    continues: bool = False
    """Leaves out what the request has it continue: the assistant's message at the end, as vLLM's
    `continue_final_message` does."""
    error_at: int | None = None
    """Pieces after which an error comes as an event."""
    garbage_at: int | None = None
    """Pieces after which an event comes that is no JSON."""
    stall_at: int | None = None
    """Pieces after which nothing more comes, until the client goes away; 0 stalls before the first."""
    lingers: bool = False
    """Keeps the response open after its last event, until the client goes away."""
    silent: bool = False
    """Takes the request and never begins to answer."""
    cut_at: int | None = None
    """Bytes of the body after which the connection is cut."""
    drop: bool = False
    """Cuts the connection before any answer."""
    body: bytes | None = None
    """Sent as the whole body in the place of events."""
    content_type: str = "text/event-stream"
    pace: float = 0.0
    """Seconds between two pieces."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]


class Upstream:
    """The server; an async context manager.

    Args:
        turns: One a request, in order; the last meets all further ones. A request needs at least one. A function
            makes its turn of what was asked.
        piece: Characters of tool arguments an event.
    """

    path: ClassVar[str] = "/v1/chat/completions"
    """What is posted to."""

    def __init__(self, *turns: Turn | Callable[[Received], Turn], piece: int = 5) -> None:
        self._turns = list(turns)
        self._piece = piece
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.requests: list[Received] = []
        """Every chat request so far."""
        self.abandoned = 0
        """Streams that the client left before their end."""
        self.open = 0
        """Streams being sent."""
        self.most_open = 0
        self._peers: set[object] = set()
        self._closed = asyncio.Event()
        self._idle = asyncio.Event()

    @property
    def url(self) -> str:
        """With its version, as clients want it."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def connections(self) -> int:
        """How many connections the chat requests came over."""
        return len(self._peers)

    async def __aenter__(self) -> Upstream:
        from aiohttp import web

        app = web.Application()
        app.router.add_post(self.path, self._chat)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def idle(self) -> None:
        """Wait until no stream is being sent, after at least one was."""
        await self._idle.wait()

    def _turn(self, asked: Received) -> Turn:
        assert self._turns, "the server was given no turn"
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        return turn if isinstance(turn, Turn) else turn(asked)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        asked = Received(body=json.loads(await request.read()), headers=dict(request.headers))
        turn = self._turn(asked)
        self.requests.append(asked)
        self._peers.add(request.transport and request.transport.get_extra_info("peername"))
        if turn.continues:
            turn = replace(turn, text=_rest(turn.text, asked.body))
        if turn.drop:
            self._cut(request)
        if turn.silent:
            await self._until_left()
        if turn.status != 200:
            headers = {} if turn.retry_after is None else {"Retry-After": f"{turn.retry_after:g}"}
            return web.json_response(self._refusal(turn), status=turn.status, headers=headers)
        if turn.body is not None:
            return web.Response(body=turn.body, content_type=turn.content_type)
        return await self._streamed(request, turn)

    async def _streamed(self, request: web.Request, turn: Turn) -> web.StreamResponse:
        from aiohttp import web

        response = web.StreamResponse(headers={"Content-Type": turn.content_type})
        await response.prepare(request)
        self.open += 1
        self._idle.clear()
        self.most_open = max(self.most_open, self.open)
        sent = 0
        try:
            for place, event in enumerate(self._events(turn)):
                if place == turn.stall_at:
                    await self._until_left()
                if turn.cut_at is not None and sent + len(event) >= turn.cut_at:
                    await response.write(event[: turn.cut_at - sent])
                    self._cut(request)
                await response.write(event)
                sent += len(event)
                if turn.pace:
                    await asyncio.sleep(turn.pace)
            if turn.lingers:
                await self._until_left()
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionResetError):
            self.abandoned += 1
            raise
        finally:
            self.open -= 1
            if not self.open:
                self._idle.set()
        return response

    async def _until_left(self) -> None:
        """Wait until the client goes away, which cancels this, or the test is over."""
        await self._closed.wait()
        raise ConnectionResetError("the test is over")

    def _cut(self, request: web.Request) -> None:
        if request.transport is not None:
            with contextlib.suppress(AttributeError):
                request.transport.abort()
        raise ConnectionResetError("cut as the test wishes")

    def _refusal(self, turn: Turn) -> dict[str, Any]:
        return {"error": {"message": turn.message, "type": "test", "code": turn.code or None}}

    def _events(self, turn: Turn) -> Iterator[bytes]:
        for place, delta in enumerate(self._deltas(turn)):
            if place == turn.error_at:
                yield _event({"error": {"message": turn.message, "code": turn.code or None, "type": "test"}})
                return
            if place == turn.garbage_at:
                yield b"data: {neither here nor there\n\n"
                return
            yield _event(_chunk([{"index": 0, "delta": delta, "finish_reason": None}]))
        finish = turn.finish_reason
        if finish is None:
            finish = "tool_calls" if turn.tool_calls else "stop"
        if finish:
            yield _event(_chunk([{"index": 0, "delta": {}, "finish_reason": finish}]))
        if turn.usage:
            prompt, answer = turn.usage
            usage = {
                "prompt_tokens": prompt,
                "completion_tokens": answer,
                "total_tokens": prompt + answer,
                "prompt_tokens_details": {"cached_tokens": turn.cached},
            }
            yield _event({**_chunk([]), "usage": usage})
        if turn.done:
            yield b"data: [DONE]\n\n"

    def _deltas(self, turn: Turn) -> Iterator[dict[str, Any]]:
        for piece in turn.reasoning:
            yield {"reasoning_content": piece}
        for piece in turn.text:
            yield {"content": piece}
        rest: list[str] = []
        for index, call in enumerate(turn.tool_calls):
            function = {"name": call.name, "arguments": ""}
            yield {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
            rest.append(json.dumps(dict(call.arguments)))
        while any(rest):
            for index, arguments in enumerate(rest):
                if arguments:
                    piece, rest[index] = arguments[: self._piece], arguments[self._piece :]
                    yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _rest(text: Sequence[str], asked: Mapping[str, Any]) -> list[str]:
    """The pieces of a text without what the request has the server continue."""
    last = asked["messages"][-1]
    begun = last["content"] if asked.get("continue_final_message") and last["role"] == "assistant" else ""
    assert "".join(text).startswith(begun), f"the request continues {begun!r}, which is not what the test says"
    rest, left = [], len(begun)
    for piece in text:
        rest.append(piece[left:])
        left = max(0, left - len(piece))
    return [piece for piece in rest if piece]


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 0, "model": "any", "choices": choices}


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
