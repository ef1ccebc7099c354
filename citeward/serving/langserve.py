"""LangServe's routes, so that `langserve.RemoteRunnable` is a client.

The output of `/invoke` is the answer. `/stream`, `/stream_events` and `/stream_log` send the same run's events in three
ways; see `citeward.serving.chunks` and `citeward.serving.events`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import Response

from citeward.agents.agent import Agent
from citeward.contracts.event import Answered, Event, Failed, Started, to_wire
from citeward.errors import InvalidInput
from citeward.serving import schemas
from citeward.serving.batch import CONCURRENCY, Asked, batch
from citeward.serving.chunks import Chunks, LogPatches
from citeward.serving.events import StreamEvents
from citeward.serving.invocation import BatchInvocation, Config, EventsInvocation, Invocation, words
from citeward.serving.json_body import JsonRoute
from citeward.serving.refusals import langserve_error
from citeward.serving.runs import GONE, begun, unless_gone
from citeward.serving.sse import EventStream, Json, sse

Translator: TypeAlias = Callable[[Event], Iterable[Any]]
"""What is sent for one event."""


def langserve_routes() -> APIRouter:
    """Every route twice: for the default agent at the root, and under each agent's name."""
    router = APIRouter(tags=["agents"], route_class=JsonRoute)

    @router.post("/invoke")
    @router.post("/{agent}/invoke")
    async def invoke(body: Invocation, request: Request, agent: str | None = None) -> Response:
        """Run to the answer."""
        asking = _agent(request, agent).ask(body.question, thread_id=body.config.configurable.thread_id)
        answer = await unless_gone(request.scope, request.receive, asking)
        if answer is None:
            return GONE
        output = to_wire(Answered(answer=answer))["answer"]
        return Json({"output": output, "metadata": {"run_id": answer.run_id, "feedback_tokens": []}})

    @router.post("/batch")
    @router.post("/{agent}/batch")
    async def batched(body: BatchInvocation, request: Request, agent: str | None = None) -> Response:
        """Run each input to its answer, several at a time; one that fails has its error in its place."""
        target, configs = _agent(request, agent), _configs(body)
        questions = [
            Asked(question=words(given), thread_id=config.configurable.thread_id)
            for given, config in zip(body.inputs, configs, strict=True)
        ]
        at_once = min((config.max_concurrency or CONCURRENCY for config in configs), default=CONCURRENCY)
        running = batch(target, questions, at_once=min(at_once, CONCURRENCY))
        ended = await unless_gone(request.scope, request.receive, running)
        if ended is None:
            return GONE
        runs = [one.run_id for one in ended]
        told = [{"run_id": run_id, "feedback_tokens": []} for run_id in runs]
        metadata = {"responses": told, "run_ids": runs}
        return Json({"output": [one.output for one in ended], "metadata": metadata})

    @router.post("/stream")
    @router.post("/{agent}/stream")
    async def stream(body: Invocation, request: Request, agent: str | None = None) -> Response:
        """Run and send what happens as it happens."""
        return _stream(_sent(await _run(request, agent, body), Chunks(), metadata=True))

    @router.post("/stream_events")
    @router.post("/{agent}/stream_events")
    async def stream_events(body: EventsInvocation, request: Request, agent: str | None = None) -> Response:
        """The same as LangChain's events, version 2."""
        return _stream(_sent(await _run(request, agent, body), StreamEvents(body)))

    @router.post("/stream_log")
    @router.post("/{agent}/stream_log")
    async def stream_log(body: Invocation, request: Request, agent: str | None = None) -> Response:
        """The same as patches of LangChain's run log."""
        return _stream(_sent(await _run(request, agent, body), LogPatches()))

    for name, schema in _SCHEMAS.items():
        _add_schema(router, name, schema)
    return router


_SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "input_schema": schemas.input_schema,
    "output_schema": schemas.output_schema,
    "config_schema": schemas.config_schema,
}


def _add_schema(router: APIRouter, name: str, schema: Callable[[], dict[str, Any]]) -> None:
    @router.get(f"/{name}", name=name)
    @router.get(f"/{{agent}}/{name}", name=name)
    async def told(request: Request, agent: str | None = None) -> dict[str, Any]:
        """A JSON schema; the same for every agent."""
        _agent(request, agent)
        return schema()


def _agent(request: Request, name: str | None) -> Agent:
    found: Agent = request.app.state.project.agent(name)
    return found


async def _run(request: Request, agent: str | None, body: Invocation) -> AsyncGenerator[Event, None]:
    target = _agent(request, agent)
    return await begun(target.run(body.question, thread_id=body.config.configurable.thread_id))


def _configs(body: BatchInvocation) -> list[Config]:
    """One for each input."""
    if isinstance(body.config, Config):
        return [body.config] * len(body.inputs)
    if len(body.config) != len(body.inputs):
        raise InvalidInput(
            f"there are {len(body.config)} configs for {len(body.inputs)} inputs",
            hint="Send one config for all inputs, or one for each.",
        )
    return body.config


def _stream(events: AsyncGenerator[bytes, None]) -> EventStream:
    return EventStream(events, failure=lambda error: sse("error", langserve_error(error)))


async def _sent(
    events: AsyncGenerator[Event, None], translate: Translator, *, metadata: bool = False
) -> AsyncGenerator[bytes, None]:
    """The run as LangServe frames it."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Failed):
                yield sse("error", langserve_error(event))
                return
            if metadata and isinstance(event, Started):
                yield sse("metadata", {"run_id": event.run_id})
            for item in translate(event):
                yield sse("data", item)
    yield sse("end", {})
