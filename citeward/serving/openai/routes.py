"""`/v1/chat/completions` and `/v1/models`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from citeward.agents.agent import answer_of
from citeward.project.opened import OpenProject
from citeward.serving.json_body import JsonRoute
from citeward.serving.openai.reply import CompletionChunks, completion, failure
from citeward.serving.openai.request import ChatRequest
from citeward.serving.runs import GONE, begun, unless_gone
from citeward.serving.sse import EventStream, Json


def openai_routes() -> APIRouter:
    """An agent answers in the place of a model, under its own name."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=JsonRoute)

    @router.post("/chat/completions")
    async def chat(body: ChatRequest, request: Request) -> Response:
        """Answer the last message; those before it are the thread of this one run."""
        project: OpenProject = request.app.state.project
        body.refuse_unsupported()
        agent = project.agent(body.model)
        name = agent.spec.name
        run = agent.run(body.question, history=body.history)
        if body.stream:
            include_usage = body.stream_options is not None and body.stream_options.include_usage
            chunks = CompletionChunks(name, include_usage=include_usage).framed(await begun(run))
            return EventStream(chunks, failure=failure)
        answer = await unless_gone(request.scope, request.receive, answer_of(run))
        return GONE if answer is None else Json(completion(answer, name))

    @router.get("/models")
    async def models(request: Request) -> dict[str, Any]:
        """The agents."""
        project: OpenProject = request.app.state.project
        return {"object": "list", "data": [_model(project, name) for name in project.agents]}

    @router.get("/models/{name}")
    async def model(name: str, request: Request) -> dict[str, Any]:
        """One agent."""
        return _model(request.app.state.project, name)

    return router


def _model(project: OpenProject, name: str) -> dict[str, Any]:
    spec = project.agent(name).spec
    # Nobody keeps account of when an agent was declared; clients want the field.
    return {
        "id": spec.name,
        "object": "model",
        "created": 0,
        "owned_by": "citeward",
        "description": spec.description,
    }
