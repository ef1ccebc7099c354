"""Runs an agent in processes that can be killed.

Each line of the input is a step, which is taken in a process of its own; how that ended is printed. A step is
{"database", "effects", "kill", "question", "approve", "ask"}: `kill` names the place where the process gets SIGKILL, or
is empty. The process goes on with the thread when something waits there, as a client would, and asks the question when
nothing does, or when it is to ask in any case.
"""

import asyncio
import contextlib
import functools
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

import citeward.graphs.chat as chat
from citeward.agents.agent import Agent
from citeward.agents.spec import AgentSpec
from citeward.agents.threads import requests_of, scoped_thread
from citeward.contracts.event import Answered, Interrupted
from citeward.contracts.guardrail import Origin
from citeward.contracts.model import Delta, Message, ModelInfo, ModelRequest, TokenUsage, ToolCallFragment
from citeward.contracts.principal import Principal
from citeward.errors import NotFound
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.leases import journal_of
from citeward.guardrails.build import build_rails
from citeward.models.router.rules import RuleRouter
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.tools.toolset import FunctionToolset, tool

PROMPT = Template.model_validate(
    {
        "name": "t",
        "version": "1",
        "variables": ["passages"],
        "messages": [{"role": "system", "content": "Answer.\n{{passages}}"}],
    }
)
CALLS = [("pay", {"order": "A-1"}), ("note", {"text": "paid"})]
NODES = ("guard_input", "recall", "retrieve", "route", "reason", "act", "settle")
KEY = Key(b"k" * 32)
RAILS = build_rails()  # once, before all processes


class Payer:
    """A model that pays, notes it, and says so. It goes by what it reads, as a model in another process would."""

    info = ModelInfo(name="payer", tools=True)

    async def stream(self, request: ModelRequest, /) -> AsyncIterator[Delta]:
        messages = list(request.messages)
        _refuse_unanswered(messages)
        last = max(at for at, message in enumerate(messages) if message.role == "user")
        paid = any(message.role == "tool" for message in messages[last:])
        if not paid and "pay" in messages[last].content.lower():
            for index, (name, arguments) in enumerate(CALLS):
                fragment = ToolCallFragment(index=index, id=f"c{index}", name=name, arguments=json.dumps(arguments))
                yield Delta(tool_call=fragment)
        else:
            yield Delta(text="Done: all of it.")
        yield Delta(usage=TokenUsage(input_tokens=1, output_tokens=1))
        yield Delta(finish_reason="stop" if paid else "tool_calls")


def _refuse_unanswered(messages: list[Message]) -> None:
    """As OpenAI's API does: each message with tool calls is followed by one result for each."""
    for at, message in enumerate(messages):
        ids = [call.id for call in message.tool_calls]
        results = [one.tool_call_id for one in messages[at + 1 : at + 1 + len(ids)] if one.role == "tool"]
        assert sorted(ids) == sorted(filter(None, results)), "tool_calls must be followed by tool messages"


def main() -> None:
    """Take steps until the input ends."""
    for origin in Origin:  # what the guards load, they load once
        asyncio.run(RAILS.check("Please pay.", origin=origin))
    gc.freeze()
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                result = asyncio.run(_step(json.loads(line)))
                os.write(writing, json.dumps(result).encode())
                os._exit(0)
            except BaseException as error:
                os.write(writing, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
                raise
            finally:
                os._exit(1)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        result = json.loads(told) if told else {}
        sys.stdout.write(json.dumps({"killed": os.WIFSIGNALED(status), **result}) + "\n")
        sys.stdout.flush()


async def _step(step: dict[str, Any]) -> dict[str, Any]:
    async with contextlib.AsyncExitStack() as stack:
        saver = await _opened(step["database"], stack)
        agent = _agent(saver, step)
        name = scoped_thread(Principal(), "payer", "t")
        state = await agent.graph.aget_state({"configurable": {"thread_id": name}})
        if not state.next or step.get("ask"):
            return await _told(agent, agent.run(step["question"], thread_id="t"), step)
        requests = requests_of(state.interrupts)
        plain = [one["id"] for one in requests if not one["warning"]]
        warned = [one["key"] for one in requests if one["warning"]]
        try:
            run = agent.resume(plain, unasked=warned if step["approve"] else [], thread_id="t")
            return {"warned": [one["name"] for one in requests if one["warning"]], **await _told(agent, run, step)}
        except NotFound as error:
            return {"error": error.message}


async def _told(agent: Agent, run: Any, step: dict[str, Any]) -> dict[str, Any]:
    answer, waiting = None, []
    async with contextlib.aclosing(run) as events:
        async for event in events:
            _die(step, f"event:{event.type}")
            if isinstance(event, Answered):
                answer = event.answer.text
            elif isinstance(event, Interrupted):
                waiting.append(event.call.name)
    said = [f"{one.by}: {one.text}" for one in await agent.said("t")]
    return {"answer": answer, "waiting": waiting, "said": said}


async def _opened(database: str, stack: contextlib.AsyncExitStack) -> BaseCheckpointSaver[Any]:
    if database.startswith("postgresql:"):
        from citeward.graphs.postgres import PostgresThreads, connection_pool

        pool = await stack.enter_async_context(connection_pool(database, connections=3))
        threads = PostgresThreads(pool, Cipher([KEY]))
        stack.push_async_callback(threads.aclose)
        await threads.setup()
        return threads
    import aiosqlite

    from citeward.graphs.threads import SqliteThreads

    return SqliteThreads(await stack.enter_async_context(aiosqlite.connect(database)), Cipher([KEY]))


def _agent(saver: BaseCheckpointSaver[Any], step: dict[str, Any]) -> Agent:
    def effect(line: str, name: str) -> None:
        _die(step, f"tool:{name}:before")
        file = os.open(step["effects"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{line}\n".encode())
        os.close(file)
        _die(step, f"tool:{name}:after")

    @tool(dangerous=True)
    def pay(order: str) -> str:
        """Pay an order.

        Args:
            order: Which.
        """
        effect(f"pay {order}", "pay")
        return f"paid {order}"

    @tool(side_effects=True, idempotent=step.get("idempotent", False))
    def note(text: str) -> str:
        """Note something.

        Args:
            text: What.
        """
        effect(f"note {text}", "note")
        return "noted"

    model = Payer()
    toolset = FunctionToolset([pay, note])
    services = Services(
        agent="payer",
        version="1",
        prompt=PROMPT,
        models={"payer": model},
        router=RuleRouter({"payer": model.info}),
        rails=RAILS,
        tools=lambda _: toolset,
        journal=_Killed(journal_of(saver), step),
    )
    for name in NODES:
        setattr(chat, name, _killing(name, getattr(chat, name), step))
    graph = chat.build_chat_graph(services).compile(checkpointer=saver)
    spec = AgentSpec.model_validate({"name": "payer", "description": "Pays.", "prompt": "t", "limits": {"queue": 5}})
    return Agent(spec=spec, services=services, graph=graph)


def _killing(name: str, factory: Callable[[Services], Any], step: dict[str, Any]) -> Callable[[Services], Any]:
    def build(services: Services) -> Any:
        node = factory(services)

        @functools.wraps(node)
        async def within(*args: Any, **kwargs: Any) -> dict[str, Any]:
            _die(step, f"node:{name}:before")
            result: dict[str, Any] = await node(*args, **kwargs)
            _die(step, f"node:{name}:after")
            return result

        return within

    return build


class _Killed:
    """A journal in a process that dies around its writes."""

    def __init__(self, journal: Any, step: dict[str, Any]) -> None:
        self._journal, self._step = journal, step

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)

        async def within(*args: Any, **kwargs: Any) -> Any:
            place = f"journal:{name} {args[-1].name}" if name == "finish" else f"journal:{name}"
            _die(self._step, f"{place}:before")
            result = await method(*args, **kwargs)
            _die(self._step, f"{place}:after")
            return result

        return within


def _die(step: dict[str, Any], place: str) -> None:
    if step["kill"] == place:
        Path(step["effects"]).with_suffix(".killed").write_text(place)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
