"""SIGTERM ends the server, a process of its own, whatever is open."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from citeward.testing.upstream import Received, Turn, Upstream

QUESTION = "When does the harbour master open the port of Lund?"
ASK = {"input": QUESTION}
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
STREAMS: dict[str, dict[str, Any]] = {
    "/stream": ASK,
    "/stream_events": ASK,
    "/stream_log": ASK,
    "/v1/chat/completions": {**CHAT, "stream": True},
}
WHOLE: dict[str, dict[str, Any]] = {"/invoke": ASK, "/batch": {"inputs": [QUESTION]}, "/v1/chat/completions": CHAT}


@asynccontextmanager
async def _process(root: Path, grace: float) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "citeward", "serve", "--project", str(root), "--port", "0"),
        env={**os.environ, "CITEWARD_SERVER__SHUTDOWN_SECONDS": str(grace)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    lines: list[str] = []
    found = None
    while found is None and (line := (await process.stderr.readline()).decode()):
        lines.append(line)
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, lines
    reading = asyncio.create_task(process.stderr.read())
    try:
        yield found.group(), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _ended(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), 60)


def _asking(body: dict[str, Any], words: str) -> dict[str, Any]:
    """The body with a question of its own: equal ones would wait for each other's answer."""
    asked: dict[str, Any] = json.loads(json.dumps(body).replace(QUESTION, f"{words}: {QUESTION}"))
    return asked


def _last(raw: str) -> dict[str, Any]:
    """The data of a stream's last event."""
    data: dict[str, Any] = json.loads(raw.strip().splitlines()[-1].removeprefix("data: "))
    return data


@asynccontextmanager
async def _stalled() -> AsyncIterator[tuple[Upstream, Callable[[int], Any]]]:
    """A model's server that never ends an answer, and what waits until it was asked so many times."""
    changed = asyncio.Condition()
    asked = 0

    async def told() -> None:
        async with changed:
            changed.notify_all()

    def turn(_: Received) -> Turn:
        nonlocal asked
        asked += 1
        notified.append(asyncio.ensure_future(told()))
        return Turn(text=("Seven ", "o'clock."), stall_at=1)

    async def until(times: int) -> None:
        async with changed:
            await asyncio.wait_for(changed.wait_for(lambda: asked >= times), 120)

    notified: list[asyncio.Future[None]] = []
    async with Upstream(turn) as upstream:
        yield upstream, until


async def test_open_requests_get_a_last_word_in_their_protocol_and_the_process_ends(
    tmp_path: Path, speaking: Callable[[Path, str], Path]
) -> None:
    async with _stalled() as (upstream, until_asked):
        root = await asyncio.to_thread(speaking, tmp_path, upstream.url)
        async with _process(root, grace=0.5) as (url, process), httpx.AsyncClient(base_url=url, timeout=60) as client:
            asking = {
                (path, kind): asyncio.create_task(client.post(path, json=_asking(body, f"{kind} of {path}")))
                for kind, bodies in (("stream", STREAMS), ("whole", WHOLE))
                for path, body in bodies.items()
            }
            await until_asked(len(asking))
            process.send_signal(signal.SIGTERM)
            for (path, kind), task in asking.items():
                reply = await task
                if kind == "whole":
                    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "server_shutting_down"), path
                    assert reply.headers["retry-after"] == "1"
                    continue
                assert reply.status_code == 200
                told = _last(reply.text)
                error = told["error"] if path.startswith("/v1/") else told
                assert (error["code"], error["retryable"]) == ("server_shutting_down", True), path
                if not path.startswith("/v1/"):
                    assert reply.text.strip().splitlines()[-2] == "event: error"
                    assert error["status_code"] == 503
            assert await _ended(process) == -signal.SIGTERM


async def test_what_ends_within_the_grace_period_ends_well(
    tmp_path: Path, speaking: Callable[[Path, str], Path]
) -> None:
    stopping = asyncio.Event()

    async with Upstream(Turn(text=("Seven ", "o'clock."), pace=1.0)) as upstream:
        root = await asyncio.to_thread(speaking, tmp_path, upstream.url)
        async with _process(root, grace=60) as (url, process), httpx.AsyncClient(base_url=url, timeout=60) as client:
            async with client.stream("POST", "/stream", json=ASK) as reply:
                lines = [line async for line in _signalled(reply, process, stopping)]
            assert "event: end" in lines
            assert "event: error" not in lines
            assert await _ended(process) == -signal.SIGTERM


async def _signalled(
    reply: httpx.Response, process: asyncio.subprocess.Process, sent: asyncio.Event
) -> AsyncIterator[str]:
    """The lines of a stream; the process is told to stop at the first of its text."""
    async for line in reply.aiter_lines():
        if '"text"' in line and not sent.is_set():
            process.send_signal(signal.SIGTERM)
            sent.set()
        yield line


async def test_unfinished_bodies_and_half_sent_headers_do_not_keep_it(project: Path) -> None:
    async with _process(project, grace=60) as (url, process):
        host, _, port = url.removeprefix("http://").partition(":")
        body = await asyncio.open_connection(host, int(port))
        body[1].write(
            b"POST /invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{"
        )
        head = await asyncio.open_connection(host, int(port))
        head[1].write(b"POST /invoke HTTP/1.1\r\nHost")
        idle = await asyncio.open_connection(host, int(port))
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            await client.get("/health")  # by then it has read what came before
            process.send_signal(signal.SIGTERM)
            assert await _ended(process) == -signal.SIGTERM
        refused = (await body[0].read()).decode()
        assert refused.startswith("HTTP/1.1 503") and "server_shutting_down" in refused
        for _, writer in (body, head, idle):
            writer.transport.abort()


async def test_a_client_that_reads_nothing_does_not_keep_it(
    tmp_path: Path, speaking: Callable[[Path, str], Path]
) -> None:
    text = ("word " * 4_000,) * 400
    async with Upstream(Turn(text=text)) as upstream:
        root = await asyncio.to_thread(speaking, tmp_path, upstream.url)
        async with _process(root, grace=0.5) as (url, process):
            host, _, port = url.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
            request = json.dumps(ASK).encode()
            writer.write(
                b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(request), request)
            )
            await reader.readuntil(b"\r\n\r\n")
            process.send_signal(signal.SIGTERM)
            assert await _ended(process) == -signal.SIGTERM
            writer.transport.abort()


@pytest.mark.parametrize("times", [2, 3])
async def test_a_second_signal_does_no_harm(project: Path, times: int) -> None:
    async with _process(project, grace=60) as (_, process):
        for _ in range(times):
            process.send_signal(signal.SIGTERM)
        assert await _ended(process) == -signal.SIGTERM
