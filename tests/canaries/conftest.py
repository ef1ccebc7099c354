"""Secrets planted in everything that a project reads, and every place that could show one of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import logging
import os
import re
import shutil
import socket
import traceback
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook
from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import SecretStr

from citeward.cli import main
from citeward.contracts.answer import Answer
from citeward.contracts.event import Answered, TextDelta
from citeward.contracts.principal import Principal
from citeward.contracts.tool import ToolCall
from citeward.errors import CitewardError
from citeward.graphs.chat import build_chat_graph
from citeward.nodes.context import Context
from citeward.project.opened import OpenProject, open_project
from citeward.serving.app import create_app
from citeward.testing.upstream import Received, Turn, Upstream


@dataclass(frozen=True)
class Planted:
    """The secrets of one place; no two share a value."""

    email: str
    key: str
    card: str

    def told(self) -> str:
        """All of them, in words."""
        return f"{self.email} and {self.key} and {self.card}"


PLANTED: Mapping[str, Planted] = {
    "user": Planted("ursula.canary@example.com", "sk-Ur5ulaCanary0123456789abc", "4111 1111 1111 1111"),
    "document": Planted("dora.canary@example.org", "sk-D0raCanaryFg3456789012xyz", "5555 5555 5555 4444"),
    "tool": Planted("tomas.canary@example.net", "sk-T0masCanaryHk9876543210qr", "3782 822463 10005"),
    "model": Planted("mona.canary@example.edu", "sk-M0naCanaryLm5647382910tuv", "6011 1111 1111 1117"),
}
SETTINGS = """
name = "canaries"
documents = ["docs"]

[models.far]
provider = "compatible"
model = "any"
url = "{url}"
location = "remote"
"""
TOOL = f'''
from citeward import tool


@tool
def directory(name: str) -> str:
    """Look a person up in the directory.

    Args:
        name: Of the person.
    """
    return f"{{name}} is reached at {PLANTED["tool"].told()}."
'''
DOCUMENT = f"# Lighthouse\n\nThe keeper of the north lighthouse is reached at {PLANTED['document'].told()} [sic].\n"
QUESTIONS = {
    "echo": f"Please echo {PLANTED['user'].told()}",
    "quote": "How is the keeper of the north lighthouse reached?",
    "call": f"Please call the directory for {PLANTED['user'].email}",
    "plant": "Please plant something of your own.",
}
EARLIER = f"I am {PLANTED['user'].told()}."
"""What a client of OpenAI's API says was said before."""
BROKEN = "Please break off after planting."


def spoken(asked: Received) -> Turn:
    """What the model says: it repeats whatever it was shown, as a model may."""
    messages = asked.body["messages"]
    last, system = messages[-1], messages[0]["content"]
    question = last["content"]
    if last["role"] == "tool":
        return Turn(text=_pieces(f"The directory says: {question}"))
    if "call the directory" in question:
        called = question.rpartition(" ")[2]
        return Turn(tool_calls=[ToolCall(id=f"call-{uuid4().hex[:6]}", name="directory", arguments={"name": called})])
    if "plant" in question:
        text = _pieces(f"Write to {PLANTED['model'].told()} at once.")
        return Turn(text=text, reasoning=text, garbage_at=2 * len(text) if "break off" in question else None)
    if "keeper" in question:
        sentence = next(line for line in system.splitlines() if line.startswith("The keeper"))
        return Turn(text=_pieces(f"{sentence.removesuffix('.')} [1]."))
    return Turn(text=_pieces(f"You wrote: {question}"))


def _pieces(text: str) -> list[str]:
    return [text[at : at + 7] for at in range(0, len(text), 7)]


@dataclass
class Evidence:
    """What each sink was given."""

    planted: Mapping[str, Planted] = field(default_factory=lambda: PLANTED)
    sinks: dict[str, bytes] = field(default_factory=dict)
    routes: set[tuple[str, str]] = field(default_factory=set)
    """Method and path of every route that was called."""
    existing: set[tuple[str, str]] = field(default_factory=set)
    """Method and path of every route that the app has."""

    def add(self, sink: str, what: object) -> None:
        raw = what if isinstance(what, bytes) else str(what).encode("utf-8", "surrogatepass")
        self.sinks[sink] = self.sinks.get(sink, b"") + raw + b"\n"


class Witness(BaseCallbackHandler):
    """Is told of everything that LangChain's callbacks are told of, as any tracer is."""

    raise_error = True

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def _note(self, *args: Any, **kwargs: Any) -> None:
        self._evidence.add("callbacks", shown(untold([args, kwargs])))
        self._evidence.add("callbacks: what was said", shown([args, kwargs]))

    on_chain_start = on_chain_end = on_chain_error = on_tool_start = on_tool_end = on_tool_error = _note
    on_llm_start = on_llm_end = on_llm_new_token = on_chat_model_start = on_retriever_start = on_retriever_end = _note
    on_custom_event = on_text = _note


_WITNESS: ContextVar[Witness | None] = ContextVar("_WITNESS", default=None)
register_configure_hook(_WITNESS, inheritable=True)


def untold(value: Any) -> Any:
    """The value without the text that was released to the user anyway."""
    if isinstance(value, TextDelta | Answered | Answer):
        return type(value).__name__
    if isinstance(value, Mapping):
        return {key: untold(item) for key, item in value.items() if key not in ("draft", "answer")}
    if isinstance(value, list | tuple | set):
        return [untold(item) for item in value]
    return value


def shown(value: Any) -> str:
    """As whoever logs, stores or sends it may write it: by repr and as JSON."""
    with contextlib.suppress(TypeError):
        return repr(value) + orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return repr(value)


def walked(value: Any, seen: dict[int, Any] | None = None) -> Iterator[str]:
    """Every text within our own objects and the containers in them."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return
    seen[id(value)] = value  # kept, so that no other gets its id
    if isinstance(value, str | bytes | int | float | None):
        yield str(value)
    elif isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, Mapping):
        for item in value.items():
            yield from walked(item, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in list(value):
            yield from walked(item, seen)
    elif hasattr(value, "content") and hasattr(value, "additional_kwargs"):  # a message of LangChain's
        yield repr(value)
    elif type(value).__module__.startswith("citeward."):
        if dataclasses.is_dataclass(value):
            yield from walked({f.name: getattr(value, f.name) for f in dataclasses.fields(value)}, seen)
        else:
            yield from walked(getattr(value, "__dict__", {}), seen)


@pytest.fixture(scope="session")
def root(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with secrets in a document and in a tool, indexed."""
    root = tmp_path_factory.mktemp("canaries")
    for name in ("graphs", "prompts"):
        shutil.copytree(repository / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in {
        "tools/directory.py": TOOL,
        "docs/lighthouse.md": DOCUMENT,
        "agents/assistant.yaml": "name: assistant\ndescription: One.\nprompt: answer\ntools: [directory]\n",
        "citeward.toml": SETTINGS.format(url="http://127.0.0.1:9/v1"),
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    assert main(["index", "--project", str(root)]) == 0
    return root


@pytest.fixture(scope="session")
def evidence(root: Path) -> Evidence:
    """What all sinks were given by a day's work of the server, under the shipped policy."""
    with _settings_and_logs_of_its_own() as logs:
        gathered = asyncio.run(_gathered(root))
    gathered.add("logs", logs.getvalue())
    return gathered


@pytest.fixture(scope="session")
def evidence_of_redis(root: Path) -> Evidence:
    """What a Redis server is given by a day's work; the test skips where none is named."""
    url = os.environ.get("CITEWARD_TEST_REDIS")
    if not url:
        pytest.skip("CITEWARD_TEST_REDIS names no Redis server")
    return asyncio.run(_in_redis(root, url))


@contextlib.contextmanager
def _settings_and_logs_of_its_own() -> Iterator[io.StringIO]:
    """Everything that any logger says, from DEBUG on, and all that is printed."""
    structlog.reset_defaults()
    logs = io.StringIO()
    handler = logging.StreamHandler(logs)
    root = logging.getLogger()
    loggers = [root, *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    before = [(one, one.level, one.propagate, one.disabled) for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
        one.propagate, one.disabled = True, False
    root.addHandler(handler)
    try:
        with contextlib.redirect_stdout(logs), contextlib.redirect_stderr(logs):
            yield logs
    finally:
        root.removeHandler(handler)
        for one, level, propagate, disabled in before:
            one.setLevel(level)
            one.propagate, one.disabled = propagate, disabled


async def _gathered(root: Path) -> Evidence:
    evidence = Evidence()
    async with Upstream(spoken) as upstream:
        (root / "citeward.toml").write_text(SETTINGS.format(url=upstream.url))
        app = create_app(root)
        _WITNESS.set(Witness(evidence))
        async with _served(app) as address, httpx.AsyncClient(base_url=address, timeout=60) as client:
            project: OpenProject = app.state.project
            await _over_http(evidence, client, app)
            await _in_process(evidence, project)
            await _state(evidence, project)
            evidence.add("cache", " ".join(walked(project.agent().services.cache)))
            evidence.add("meter", " ".join(walked(project.agent().services.meter)))
            evidence.add("repr", [project, project.agent(), project.rails, project.models, project.project.settings])
            _files(evidence, root)  # while they are in use, with their logs
        _files(evidence, root)
        evidence.add("remote model", json.dumps([dict(asked.body) for asked in upstream.requests], ensure_ascii=False))
        evidence.add("remote model", [dict(asked.headers) for asked in upstream.requests])
    return evidence


async def _in_redis(root: Path, url: str) -> Evidence:
    from redis.asyncio import Redis

    evidence = Evidence()
    async with Upstream(spoken) as upstream:
        named = f"canaries-{uuid4().hex}"
        settings = SETTINGS.replace("canaries", named).format(url=upstream.url)
        (root / "citeward.toml").write_text(f'{settings}\n[cache]\nurl = "{url}"\n')
        async with open_project(root, keep_threads=False) as project:
            for question in (*QUESTIONS.values(), QUESTIONS["quote"]):
                answer = await project.agent().ask(question)
            assert answer.cached, "the answer from the document was not kept"
            async with Redis.from_url(url) as server:
                async for key in server.scan_iter(match=f"*{named}*"):
                    kind = (await server.type(key)).decode()
                    read = {"string": server.get, "stream": server.xrange, "hash": server.hgetall}.get(
                        kind, server.dump
                    )
                    evidence.add("redis", key)
                    evidence.add("redis", await read(key))
                    await server.unlink(key)
    return evidence


@contextlib.asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="debug", lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not serving.done(), "the server did not start"
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def _over_http(evidence: Evidence, client: httpx.AsyncClient, app: FastAPI) -> None:
    """Every route that there is, whichever it is, in turn; those that take a question with every question."""
    evidence.existing = set(_routes(app.routes))
    known = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert known <= evidence.existing, f"these were not found: {known - evidence.existing}"
    # Deleting comes last, so that there is something to delete.
    for method, path in sorted(evidence.existing, key=lambda one: (one[0] == "DELETE", one)):
        named = re.sub(r"\{(\w+)[^}]*\}", lambda match: _NAMED.get(match[1], "x"), path)
        if method != "POST":
            await _send(evidence, client, method, path, named, None)
            continue
        for question in (*QUESTIONS.values(), BROKEN):
            for body in _bodies(question, "asked" if path == "/invoke" else f"asked{re.sub(r'[^a-z]+', '-', path)}"):
                await _send(evidence, client, method, path, named, body)
    for body in (
        {"input": {"question": {"text": PLANTED["user"].told()}}},
        {"input": {"question": PLANTED["user"].told(), "more": 1}, "config": {"configurable": {"thread_id": "a b"}}},
        {"input": {"question": "x" * 9000 + PLANTED["user"].told()}},
        {"input": {"question": "Hello"}, "config": {"configurable": {"thread_id": PLANTED["user"].email}}},
    ):
        for path in ("/invoke", "/stream", "/nobody/invoke"):
            reply = await client.post(path, json=body)
            assert reply.status_code >= 400, reply.text
            evidence.add("errors", reply.content)


_NAMED = {"agent": "assistant", "thread_id": "asked"}


def _routes(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of included routers and mounted apps too."""
    for route in routes:
        if (router := getattr(route, "original_router", None)) is not None:
            yield from _routes(router.routes, prefix + route.include_context.prefix)
        elif methods := getattr(route, "methods", None):
            yield from ((method, prefix + route.path) for method in methods)
        else:
            yield from _routes(getattr(route, "routes", None) or (), prefix + getattr(route, "path", ""))


def _bodies(question: str, thread_id: str) -> list[dict[str, Any]]:
    """One question in the shapes that routes may take: LangServe's, its batch's, OpenAI's, whole and streamed."""
    thread = {"configurable": {"thread_id": thread_id}}
    before = [{"role": "user", "content": EARLIER}, {"role": "assistant", "content": "I see."}]
    openai = {"model": "assistant", "messages": [*before, {"role": "user", "content": question}]}
    return [
        # A thread of its own for what may come from the cache, and one that goes on over turns.
        {"input": {"question": question}},
        {"input": {"question": question}, "config": thread},
        {"inputs": [{"question": question}], "config": thread},
        openai,
        {**openai, "stream": True},
    ]


async def _send(
    evidence: Evidence, client: httpx.AsyncClient, method: str, path: str, named: str, body: dict[str, Any] | None
) -> None:
    reply = await client.request(method, named, json=body)
    evidence.routes.add((method, path))
    evidence.add(f"{method} {path}", f"{reply.headers}".encode() + reply.content)
    _told_in_stream(evidence, f"{method} {path}", reply.content)


def _told_in_stream(evidence: Evidence, sink: str, content: bytes) -> None:
    """A stream's text put together: a value that comes in pieces is a value too."""
    pieces = []
    for line in content.splitlines():
        with contextlib.suppress(ValueError, AttributeError):
            data = orjson.loads(line.removeprefix(b"data:"))
            pieces.append(data.get("text") or "")
            pieces += [choice["delta"].get("content") or "" for choice in data.get("choices", ()) if "delta" in choice]
    evidence.add(sink, "".join(pieces))


async def _in_process(evidence: Evidence, project: OpenProject) -> None:
    """The agent's own events, LangChain's events of its graph, and LangGraph's debug output."""
    agent = project.agent()
    for question in (*QUESTIONS.values(), BROKEN):
        told = []
        try:
            async for event in agent.run(question, thread_id="events"):
                evidence.add("events", shown(event))
                told.append(event.text if isinstance(event, TextDelta) else "")
        except CitewardError as error:
            evidence.add("errors", f"{error!r} {error} {''.join(traceback.format_exception(error))}")
        evidence.add("events", "".join(told))
        config: Any = {"configurable": {"thread_id": f"traced/{uuid4().hex}"}}
        payload: Any = {"question": SecretStr(question)}
        with contextlib.suppress(CitewardError):
            async for traced in agent.graph.astream_events(payload, config, context=Context(), version="v2"):
                evidence.add("astream_events", shown(untold(dict(traced))))
                evidence.add("astream_events: what was said", shown(dict(traced)))
        if question == BROKEN:
            continue  # a run without an agent that has failed is waited for: recall.TURN
        told_apart: list[Any] = ["debug", "updates", "values"]
        with contextlib.suppress(CitewardError):
            async for chunk in agent.graph.astream(payload, config, context=Context(), stream_mode=told_apart):
                evidence.add("debug output", shown(untold(chunk)))
    _WITNESS.set(None)  # an app's own tracers are shown what it gives the graph in the clear
    graph = build_chat_graph(agent.services).compile()
    for wrong in ([PLANTED["user"].told()], {"text": PLANTED["user"].told()}, "x" * 9000 + PLANTED["user"].told()):
        try:
            await graph.ainvoke({"question": wrong})  # type: ignore[typeddict-item]
        except CitewardError as error:
            evidence.add("errors", f"{error!r} {error} {''.join(traceback.format_exception(error))}")


async def _state(evidence: Evidence, project: OpenProject) -> None:
    """What a thread's checkpoint says when it is read with the key."""
    saver = project.agent().graph.checkpointer
    assert isinstance(saver, BaseCheckpointSaver)
    async for found in saver.alist(None):
        evidence.add("state, decrypted", " ".join(walked(dict(found.checkpoint["channel_values"]))))
        evidence.add("state, as it is shown", shown(untold(dict(found.checkpoint["channel_values"]))))
        evidence.add("state, as it is shown", [found.metadata, found.config])
    evidence.add("said", await project.agent().said("events", principal=Principal()))


def _files(evidence: Evidence, root: Path) -> None:
    """All files that the project's work has left, except the documents' own store."""
    for path in sorted((root / ".citeward").rglob("*")):
        if path.is_file():
            inside = path.relative_to(root / ".citeward")
            sink = "store's files" if inside.parts[0] == "store" else "files"
            evidence.add(sink, str(inside).encode() + b"\n" + path.read_bytes())
