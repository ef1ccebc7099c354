"""A store that is locked, or whose disk is full: a typed error on every route, and no more than that."""

import functools
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import httpx
import pytest

QUESTION = "When does the harbour master open the port of Lund?"
CONFIG = {"configurable": {"thread_id": "kept"}}
ASK = {"input": QUESTION, "config": CONFIG}
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
ROUTES: dict[str, dict[str, Any]] = {
    "/invoke": ASK,
    "/batch": {"inputs": [QUESTION], "config": CONFIG},
    "/stream": ASK,
    "/stream_events": ASK,
    "/stream_log": ASK,
    "/v1/chat/completions": CHAT,
}


def _error(path: str, reply: httpx.Response) -> tuple[int, dict[str, Any]]:
    """The status that the reply means, and its error, wherever the protocol has them."""
    if path == "/batch":
        error = reply.json()["output"][0]["error"]
        return error["status"], error
    if "stream" in path:
        *_, kind, data = reply.text.strip().splitlines()
        assert kind == "event: error", reply.text[-300:]
        error = json.loads(data.removeprefix("data: "))
        return error["status_code"], error
    return reply.status_code, reply.json()["error"]


def _assert_error(url: str, status: int, code: str, *, retryable: bool) -> None:
    for path, body in ROUTES.items():
        reply = httpx.post(url + path, json=body, timeout=60)
        found, error = _error(path, reply)
        assert (found, error["code"], error["retryable"]) == (status, code, retryable), (path, reply.text[-300:])
        assert error["message"] and error["hint"]
        assert "sqlite" not in reply.text.lower() and "OperationalError" not in reply.text
        if reply.status_code == 503:
            assert reply.headers["retry-after"] == "1"
    reply = httpx.delete(url + "/threads/kept", timeout=60)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_a_locked_file_is_an_error_that_passes_with_the_lock(
    tmp_path: Path,
    copied: Callable[[Path], Path],
    serve: Callable[[Path], AbstractContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aiosqlite, "connect", functools.partial(aiosqlite.connect, timeout=0.1))
    root = copied(tmp_path)
    with serve(root) as url:
        assert httpx.post(url + "/invoke", json=ASK, timeout=60).status_code == 200
        other = sqlite3.connect(root / ".citeward" / "threads.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        _assert_error(url, 503, "store_unavailable", retryable=True)
        # The other has written before it lets go: who still held an old view of the file could not write any more.
        other.execute("CREATE TABLE another (value)")
        other.execute("COMMIT")
        other.close()
        for _ in range(2):
            assert httpx.post(url + "/invoke", json=ASK, timeout=60).status_code == 200
        assert httpx.delete(url + "/threads/kept", timeout=60).status_code == 204


@contextmanager
def _process(root: Path) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "citeward", "serve", "--project", str(root), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stderr is not None
        log, found = process.stderr, None
        while found is None and (line := log.readline()):
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None
        reader = threading.Thread(target=log.read)
        reader.start()
        try:
            yield found.group(), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            reader.join()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux sets the limits of another process")
def test_a_full_disk_is_an_error_that_passes_when_there_is_room(tmp_path: Path, copied: Callable[[Path], Path]) -> None:
    with _process(copied(tmp_path)) as (url, pid):
        assert httpx.post(url + "/invoke", json=ASK, timeout=60).status_code == 200
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        # No file may grow: to a program the same as a disk or a quota that is full.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
        _assert_error(url, 507, "store_full", retryable=False)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        for _ in range(2):
            assert httpx.post(url + "/invoke", json=ASK, timeout=60).status_code == 200
