"""LangServe's wire format, so that `langserve.RemoteRunnable` is a client.

The output of `/invoke` is the answer. The chunks of `/stream` add up to it, as LangServe's clients expect: text comes
as ``{"text": piece}``, what else happens as ``{"events": [event]}``, and the rest of the answer in the last chunk.

What was sent cannot be taken back in this format. Where a run begins its answer again (`restarted`), a line in the text
says so to people, the event says so to programs, and the last chunk has the whole answer as ``"final_text"``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from citeward.agents.agent import Agent, ending_in_failed
from citeward.contracts.event import Answered, Event, Failed, Restarted, Started, TextDelta, to_wire
from citeward.serving.sse import sse
from citeward.serving.waiting import retry_after

AGAIN = "\n\n[The answer begins again.]\n\n"
"""Stands in the text of a stream between what was withdrawn and what counts."""


class Question(BaseModel):
    """What an agent is asked."""

    question: str = Field(description="the user's words")


class Configurable(BaseModel):
    """What a caller may set; anything else that LangChain's clients send is left alone."""

    thread_id: str | None = Field(None, max_length=200, pattern=r"^[\w.:-]+$", description="goes on with this thread")


class Config(BaseModel):
    """LangChain's run configuration, as far as it means something here."""

    configurable: Configurable = Configurable()


class Invocation(BaseModel):
    """The body of `/invoke` and `/stream`; a bare string is a question too."""

    input: Question | str
    config: Config = Config()

    @property
    def question(self) -> str:
        """The user's words."""
        return self.input if isinstance(self.input, str) else self.input.question


def langserve_routes() -> APIRouter:
    """`/invoke` and `/stream`, for the default agent and under each agent's name."""
    router = APIRouter(tags=["agents"])

    @router.post("/invoke")
    @router.post("/{agent}/invoke")
    async def invoke(body: Invocation, request: Request, agent: str | None = None) -> dict[str, Any]:
        """Run to the answer."""
        target: Agent = request.app.state.project.agent(agent)
        answer = await target.ask(body.question, thread_id=body.config.configurable.thread_id)
        output = to_wire(Answered(answer=answer))["answer"]
        return {"output": output, "metadata": {"run_id": answer.run_id, "feedback_tokens": []}}

    @router.post("/stream")
    @router.post("/{agent}/stream")
    async def stream(body: Invocation, request: Request, agent: str | None = None) -> Response:
        """Run and send what happens as it happens."""
        target: Agent = request.app.state.project.agent(agent)
        run = target.run(body.question, thread_id=body.config.configurable.thread_id)
        events = ending_in_failed(run)
        first = await anext(events)
        if isinstance(first, Failed):  # nothing was sent yet: the status can still say so
            await events.aclose()
            return JSONResponse(
                {"error": to_wire(first)}, status_code=first.status, headers=retry_after(first.retry_after)
            )
        return StreamingResponse(
            _chunks(first, events), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )

    return router


async def _chunks(first: Event, rest: AsyncGenerator[Event, None]) -> AsyncIterator[bytes]:
    run_id = first.run_id if isinstance(first, Started) else uuid4().hex
    yield sse("metadata", {"run_id": run_id})
    yield sse("data", {"events": [to_wire(first)]})
    restarted = False
    async with aclosing(rest):
        async for event in rest:
            restarted = restarted or isinstance(event, Restarted)
            if isinstance(event, Failed):
                told = {"status_code": event.status, "message": f"{event.message} (hint: {event.hint})"}
                yield sse("error", told if event.retry_after is None else {**told, "retry_after": event.retry_after})
                return
            yield sse("data", _chunk(event, restarted=restarted))
    yield sse("end", {})


def _chunk(event: Event, *, restarted: bool) -> dict[str, Any]:
    if isinstance(event, TextDelta):
        return {"text": event.text}
    if isinstance(event, Restarted):
        return {"text": AGAIN, "events": [to_wire(event)]}
    if isinstance(event, Answered):
        answer = to_wire(event)["answer"]
        rest = {key: value for key, value in answer.items() if key != "text"}
        return rest | {"final_text": answer["text"]} if restarted else rest
    return {"events": [to_wire(event)]}
