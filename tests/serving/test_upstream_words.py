"""What a model's server says when it fails never leaves, on any route or terminal, and stands masked in the log."""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from citeward.cli import main
from citeward.testing.logs import captured_logs

OWN_KEY = "own-canary-secret-value"
QUESTION = "When does the harbour master canaryquestion open the port of Lund?"
CANARIES = (
    OWN_KEY,
    "sk-canaryforeign0123456789",
    "canaryglpat1A2b3C4d5E6f7G8h",
    "canary.person@corp.example",
    "canary-internal",
    "10.77.66.55",
    "4111 1111 1111 1111",
    "canaryquestion",
    "canarymodeltext",
    "canaryheader",
)
WORDS = (
    f"Refused sk-canaryforeign0123456789 and Bearer canaryglpat1A2b3C4d5E6f7G8h of canary.person@corp.example, "
    f"key {OWN_KEY}, card 4111 1111 1111 1111, at http://canary-internal.corp:9000/v1/x and 10.77.66.55:8000"
)
"""What the server says beside an echo of the request."""
SAID = "Released words of the answer. "
"""What the model says before its server fails: for the client, and not for the log."""


def _response(status: int, body: bytes | str, kind: str = "application/json", *more: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(data)}", "X-Trace: canaryheader"]
    return "\r\n".join([*head, "Connection: close", *more, "", ""]).encode() + data


def _events(*payloads: object) -> bytes:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in payloads]
    return _response(200, "".join(f"data: {one}\n\n" for one in texts), "text/event-stream")


def _chunk(text: str) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}


def _error(asked: str) -> dict[str, Any]:
    return {"error": {"message": f"{WORDS}: {asked}", "type": "invalid_request_error", "code": OWN_KEY}}


KINDS: dict[str, Callable[[str], bytes]] = {
    "400 with the prompt": lambda asked: _response(400, json.dumps(_error(asked))),
    "400 with the prompt as text": lambda asked: _response(400, f"{WORDS} {asked}", "text/plain"),
    "400 escaped twice": lambda asked: _response(400, json.dumps({"detail": json.dumps(_error(asked))})),
    "401 with a key": lambda _: _response(401, json.dumps({"detail": WORDS})),
    "403": lambda _: _response(403, WORDS, "text/plain"),
    "404": lambda _: _response(404, json.dumps({"error": {"message": WORDS}})),
    "413": lambda asked: _response(413, json.dumps(_error(asked))),
    "422 as pydantic tells": lambda asked: _response(
        422, json.dumps({"detail": [{"loc": ["body"], "msg": WORDS, "input": asked}]})
    ),
    "429": lambda _: _response(429, json.dumps({"error": WORDS, "code": "insufficient_quota"})),
    "451 in another encoding": lambda asked: _response(451, (WORDS + asked).encode("utf-16")),
    "500 as HTML": lambda asked: _response(500, f"<html><pre>{WORDS} {asked}</pre></html>", "text/html"),
    "503 nested": lambda asked: _response(503, json.dumps({"error": {"error": {"message": [WORDS, asked]}}})),
    "302": lambda _: _response(302, "", "text/plain", f"Location: http://canary-internal.corp/?key={OWN_KEY}"),
    "200 that is JSON": lambda asked: _response(200, json.dumps(_error(asked))),
    "200 that is HTML": lambda _: _response(200, "<html>canarymodeltext</html>", "text/html"),
    "an error as an event": lambda asked: _events(_error(asked)),
    "an error after text": lambda asked: _events(_chunk(SAID), _error(f"after {SAID}: {asked}")),
    "an error that is text": lambda asked: _events({"error": f"{WORDS} {asked}"}),
    "an event that is not JSON": lambda _: _events('{"choices": canarymodeltext'),
    "an event that is a text": lambda _: _events('"canarymodeltext"'),
    "an event of another shape": lambda _: _events({"choices": [{"delta": {"content": {"x": "canarymodeltext"}}}]}),
    "a tool call of another shape": lambda _: _events({"choices": [{"delta": {"tool_calls": ["canarymodeltext"]}}]}),
    "a broken chunk": lambda _: _response(200, b"", "text/event-stream", "Transfer-Encoding: canaryheader"),
    "no HTTP at all": lambda _: b"canary-internal says canarymodeltext\r\n\r\n",
    "silence": lambda _: b"",
}


class Failing:
    """A server on a thread of its own that fails in the chosen way, and repeats what it was asked."""

    def __init__(self) -> None:
        self.kind = next(iter(KINDS))
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> "Failing":
        self._thread.start()
        assert self._listening.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._over.wait()
        server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        asked = json.loads(await reader.readexactly(length))
        texts = " ".join(message["content"] for message in asked["messages"])
        answer = KINDS[self.kind](texts)
        if answer:
            writer.write(answer)
            writer.close()
        else:
            await reader.read()
            writer.close()


@pytest.fixture(scope="module")
def failing() -> Iterator[Failing]:
    with Failing() as server:
        yield server


def _with_model(root: Path, url: str) -> Path:
    path = root / "citeward.toml"
    settings = path.read_text()
    begin, end = settings.index("[models."), settings.index("[state]")
    model = (
        f'[models.far]\nprovider = "compatible"\nmodel = "far"\nurl = "{url}"\ntools = false\nretries = 0\n'
        f'timeout = 1.0\napi_key = "{OWN_KEY}"\n\n'
    )
    path.write_text(settings[:begin] + model + settings[end:])
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, copied: Callable[[Path], Path], failing: Failing) -> Path:
    return _with_model(copied(tmp_path_factory.mktemp("failing")), f"http://127.0.0.1:{failing.port}/v1")


@pytest.fixture(scope="module")
def address(root: Path, serve: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    with serve(root) as url:
        yield url


CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "invoke": ("/invoke", {"input": QUESTION}),
    "batch": ("/batch", {"inputs": [QUESTION]}),
    "stream": ("/stream", {"input": QUESTION}),
    "stream_events": ("/stream_events", {"input": QUESTION}),
    "stream_log": ("/stream_log", {"input": QUESTION}),
    "chat": ("/v1/chat/completions", CHAT),
    "chat, streamed": ("/v1/chat/completions", {**CHAT, "stream": True}),
}


def _found(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary.lower() in text.lower()]


def _told(reply: httpx.Response) -> str:
    return "\n".join((str(reply.status_code), str(reply.headers), reply.text))


@pytest.mark.parametrize("kind", KINDS)
def test_no_route_repeats_what_the_models_server_said(address: str, failing: Failing, kind: str) -> None:
    failing.kind = kind
    for name, (path, body) in ROUTES.items():
        with captured_logs() as logs:
            reply = httpx.post(address + path, json=body, timeout=60)
        assert _found(_told(reply)) == [], (kind, name)
        assert '"code"' in reply.text and "model 'far'" in reply.text, (kind, name)
        log = "\n".join(str(line) for line in logs)
        assert _found(log) == [] and SAID.strip() not in log, (kind, name, log)
        said = [line["detail"] for line in logs if line["event"] == "upstream.failed"]
        if WORDS in KINDS[kind]("").decode("latin-1") or kind in ("302", "400 with the prompt"):
            # What was taken out has left its mark, so an operator sees that there was something.
            assert said and "<" in said[0], (kind, name, log)
        if kind in ("400 with the prompt", "an error after text", "500 as HTML"):
            assert "<REQUEST>" in said[0] and "<SECRET>" in said[0] and "<EMAIL>" in said[0]


@pytest.mark.parametrize("kind", KINDS)
def test_no_terminal_repeats_it(
    root: Path, failing: Failing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    failing.kind = kind
    main(["ask", QUESTION, "-p", str(root)])
    main(["ask", QUESTION, "-p", str(root), "--json"])
    asked = "".join(capsys.readouterr())
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{QUESTION}\n\n"))
    main(["chat", "-p", str(root)])
    chatted = "".join(capsys.readouterr())
    assert "model 'far'" in asked and "model 'far'" in chatted
    assert _found(asked) == [] and _found(chatted) == []


def test_with_the_log_shown_a_terminal_has_it_masked(
    root: Path, failing: Failing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.kind = "400 with the prompt"
    monkeypatch.setenv("CITEWARD_LOG", "info")
    main(["ask", QUESTION, "-p", str(root)])
    printed = "".join(capsys.readouterr())
    assert "upstream.failed" in printed and "<SECRET>" in printed and "<REQUEST>" in printed
    assert _found(printed) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/canary-internal/v1", "http://canary-internal.invalid/v1", "https://127.0.0.1:{}/v1"]
)
def test_an_address_that_nobody_answers_at_is_not_told(
    tmp_path: Path,
    copied: Callable[[Path], Path],
    serve: Callable[[Path], AbstractContextManager[str]],
    failing: Failing,
    capsys: pytest.CaptureFixture[str],
    url: str,
) -> None:
    project = _with_model(copied(tmp_path), url.format(failing.port))
    with serve(project) as served, captured_logs() as logs:
        for path, body in ROUTES.values():
            reply = httpx.post(served + path, json=body, timeout=60)
            assert "model 'far'" in reply.text
            assert _found(_told(reply)) == [] and f":{failing.port}" not in reply.text
    capsys.readouterr()
    main(["ask", QUESTION, "-p", str(project)])
    assert _found("".join(capsys.readouterr())) == []
    assert _found("\n".join(str(line) for line in logs)) == []
    assert any(line["event"] in ("upstream.failed", "request.failed") for line in logs)
