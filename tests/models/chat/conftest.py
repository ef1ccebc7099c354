"""A chat server in a thread of its own, for tests that are not asynchronous, which answers by what it is asked."""

import asyncio
import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import orjson
import pytest

from citeward.contracts.tool import ToolCall
from citeward.testing.upstream import Received, Turn, Upstream


def respond(asked: Received) -> Turn:
    """As a model that does what it is told: calls a tool, follows a schema, or says something."""
    body = asked.body
    _check(body)
    said = " ".join(message["content"] for message in body["messages"] if message["role"] == "user")
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools", ())}
    choice = body.get("tool_choice", "auto")
    if tools and choice != "none" and (choice != "auto" or body["messages"][-1]["role"] != "tool"):
        name = choice["function"]["name"] if isinstance(choice, dict) else next(iter(tools))
        arguments = _filled(tools[name]["parameters"], said)
        return Turn(tool_calls=(ToolCall(id=f"call_{len(body['messages'])}", name=name, arguments=arguments),))
    if "response_format" in body:
        text = orjson.dumps(_filled(body["response_format"]["json_schema"]["schema"], said)).decode()
        return Turn(text=[text[at : at + 7] for at in range(0, len(text), 7)])
    text = "Hello, and how are you today?"
    for stop in body.get("stop", ()):
        text = text.partition(stop)[0]
    return Turn(text=re.findall(r"\S+\s*", text))


def _check(body: Mapping[str, Any]) -> None:
    """What a real server refuses."""
    calls: set[str] = set()
    for message in body["messages"]:
        assert message["role"] in ("system", "user", "assistant", "tool"), message
        assert isinstance(message["content"], str), message
        calls |= {call["id"] for call in message.get("tool_calls", ())}
        assert message["role"] != "tool" or message["tool_call_id"] in calls, message
    assert "tool_choice" not in body or "tools" in body


def _filled(schema: Mapping[str, Any], said: str) -> Any:
    """A value of the schema, out of what was said where that has one."""
    for several in ("anyOf", "allOf", "oneOf"):
        if several in schema:
            return _filled(schema[several][0], said)
    match schema.get("type"):
        case "object":
            return {name: _filled(inner, said) for name, inner in schema.get("properties", {}).items()}
        case "integer" | "number":
            number = re.search(r"-?\d+", said)
            return int(number.group()) if number else 1
        case "array":
            return [_filled(schema["items"], said)]
        case "boolean":
            return True
    quoted = re.search(r"'([^']+)'", said)
    return quoted.group(1) if quoted else said


@pytest.fixture(scope="module")
def responder() -> Iterator[Upstream]:
    """The server, while a loop in a thread of its own runs it."""
    loop, started, done = asyncio.new_event_loop(), Future[Upstream](), asyncio.Event()

    async def serve() -> None:
        async with Upstream(respond) as server:
            started.set_result(server)
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield started.result(timeout=10)
    loop.call_soon_threadsafe(done.set)
    thread.join()
    loop.close()
