"""Threads over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from citeward.agents.agent import Agent
from citeward.errors import NotFound

ThreadId = Annotated[str, Path(max_length=200, pattern=r"^[\w.:-]+$", description="the thread's name")]


def thread_routes() -> APIRouter:
    """`DELETE /threads/{thread_id}`, for the default agent and under each agent's name."""
    router = APIRouter(tags=["threads"])

    @router.delete("/threads/{thread_id}", status_code=204)
    @router.delete("/{agent}/threads/{thread_id}", status_code=204)
    async def forget(thread_id: ThreadId, request: Request, agent: str | None = None) -> None:
        """Delete all that is kept of the caller's thread."""
        target: Agent = request.app.state.project.agent(agent)
        if not await target.forget(thread_id):
            raise NotFound(
                f"no thread {thread_id!r} with the agent {target.spec.name!r}",
                hint="Name a thread that was asked in, under the agent that it was with.",
            )

    return router
