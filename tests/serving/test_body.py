"""Request bodies: their size, their time, and what unfinished ones may hold together. Real sockets, no client."""

import asyncio
import json
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from citeward.serving.body import BodyLimit
from citeward.serving.shutdown import Server, Shutdown

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        message = await receive()
        assert not message.get("more_body")
        size = str(len(message["body"])).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(size))]})
        await send({"type": "http.response.body", "body": size})


@asynccontextmanager
async def _serving(limit: int = 10_000, seconds: float = 30.0, buffered: int = 100_000) -> AsyncIterator[Any]:
    shutdown = Shutdown()
    app = BodyLimit(_echo, limit=limit, seconds=seconds, buffered=buffered, shutdown=shutdown)
    config = uvicorn.Config(app, port=0, log_level="warning", lifespan="off")
    server = Server(config, shutdown=shutdown, grace=60.0)
    serving = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    try:
        yield connect, app, server
    finally:
        server.should_exit = True
        for writer in writers:
            writer.transport.abort()
        await serving


async def _until(condition: Callable[[], object]) -> None:
    """Let others run until it holds: what a server counts tells nobody when it changes."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def _reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).decode()
    status, _, rest = head.partition("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in rest.strip().split("\r\n"))
    body = await reader.readexactly(int(headers["content-length"]))
    return int(status.split()[1]), headers, json.loads(body)


def _declared(size: int) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % size


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_a_body_in_many_pieces_arrives_whole() -> None:
    async with _serving() as (connect, app, _):
        reader, writer = await connect()
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(300):
            writer.write(_chunk(b"x" * 7))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        assert (await _reply(reader))[::2] == (200, 2_100)
        assert app._held == 0


async def test_a_body_that_does_not_come_in_time_is_refused_and_its_connection_closed() -> None:
    async with _serving(seconds=0.2) as (connect, app, _):
        reader, writer = await connect()
        writer.write(_declared(5_000) + b"x" * 100)
        status, headers, body = await _reply(reader)
        assert (status, body["error"]["code"], headers["connection"]) == (408, "request_timeout", "close")
        assert "param" in body["error"]  # as OpenAI's clients read errors, for it was their path
        writer.write(b"x" * 100)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        assert app._held == 0


async def test_a_body_that_trickles_gets_no_more_time_than_a_silent_one() -> None:
    async with _serving(seconds=0.5) as (connect, _, _):
        reader, writer = await connect()
        writer.write(_declared(5_000))

        async def trickle() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        assert (await _reply(reader))[0] == 408
        trickling.cancel()


@pytest.mark.parametrize(
    "sent",
    [_declared(10_001), _declared(10**18), HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunk(b"x" * 10_001)],
    ids=["declared", "declared absurdly", "in chunks"],
)
async def test_one_that_is_too_large_is_refused_before_it_is_there(sent: bytes) -> None:
    async with _serving() as (connect, app, _):
        reader, writer = await connect()
        writer.write(sent)
        status, headers, body = await _reply(reader)
        assert (status, body["error"]["code"], headers["connection"]) == (413, "input_too_long", "close")
        assert app._held == 0


async def test_unfinished_bodies_hold_no_more_than_they_may_together_and_whole_ones_still_pass() -> None:
    async with _serving(buffered=50_000) as (connect, app, _):
        held = [await connect() for _ in range(12)]
        for _, writer in held:
            writer.write(_declared(9_000) + b"x" * 8_000)
            await writer.drain()
        refused = [asyncio.create_task(_reply(reader)) for reader, _ in held]
        done, waiting = await asyncio.wait(refused, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 6:
            more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        assert app._held <= 50_000
        for task in done:
            status, headers, body = task.result()
            assert (status, body["error"]["code"], headers["retry-after"]) == (503, "server_busy", "1")
            assert body["error"]["retryable"]
        reader, writer = await connect()
        writer.write(_declared(1_000) + b"x" * 1_000)
        assert (await _reply(reader))[::2] == (200, 1_000)
        for task in waiting:
            task.cancel()
        for _, writer in held:
            writer.transport.abort()
        await _until(lambda: not app._held)


async def test_a_client_that_goes_away_in_the_middle_gives_back_what_it_held() -> None:
    async with _serving() as (connect, app, _):
        _, writer = await connect()
        writer.write(_declared(9_000) + b"x" * 5_000)
        await _until(lambda: app._held)
        writer.transport.abort()
        await _until(lambda: not app._held)


async def test_a_shutdown_drops_unfinished_bodies_at_once() -> None:
    async with _serving() as (connect, _, server):
        reader, writer = await connect()
        writer.write(_declared(5_000) + b"x" * 100)
        idle, _ = await connect()
        await _until(lambda: len(server.server_state.connections) == 2 and server.server_state.tasks)
        server.should_exit = True
        status, headers, body = await _reply(reader)
        assert (status, body["error"]["code"]) == (503, "server_shutting_down")
        assert body["error"]["retryable"] and headers["retry-after"] == "1"
        assert await reader.read() == b""
        assert await idle.read() == b""


@pytest.mark.parametrize("pieces", [2_000, 4_000])
async def test_a_byte_a_message_costs_a_byte_and_not_a_message(pieces: int) -> None:
    sizes: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sizes.append(len((await receive())["body"]))

    limited = BodyLimit(app, limit=10_000, seconds=30, buffered=10_000, shutdown=Shutdown())
    left = pieces
    tracemalloc.start()

    async def receive() -> Message:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": b"x", "more_body": left > 0}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    await limited({"type": "http", "headers": [], "path": "/"}, receive, send)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert sizes == [pieces]
    assert peak < 20 * pieces


async def test_a_server_in_another_program_leaves_nothing_behind_that_could_end_it() -> None:
    before = set(threading.enumerate())
    async with _serving():
        pass
    assert not [thread for thread in set(threading.enumerate()) - before if isinstance(thread, threading.Timer)]
