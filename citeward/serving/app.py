"""The ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from citeward import __version__
from citeward.project.opened import open_project
from citeward.serving.body import BodyLimit
from citeward.serving.langserve import langserve_routes
from citeward.serving.openai.routes import openai_routes
from citeward.serving.openapi import describe
from citeward.serving.ops import ops_routes
from citeward.serving.refusals import handle_errors
from citeward.serving.shutdown import Shutdown
from citeward.serving.threads import thread_routes


def create_app(
    root: Path | None = None,
    *,
    max_body: int = 1_000_000,
    body_seconds: float = 30.0,
    max_buffered: int = 32_000_000,
) -> FastAPI:
    """The server for the project at `root` (found from the working folder upwards where None).

    The project is opened when the server starts and closed when it stops. Every agent answers under its own name,
    `/assistant/invoke`, and the default agent at the root as well, `/invoke`. In OpenAI's API the agents are
    the models.

    Args:
        root: The folder with citeward.toml.
        max_body: Largest request body in bytes; a larger one is refused with 413.
        body_seconds: How long one body may take to arrive; a slower one is refused with 408.
        max_buffered: Bytes that all unfinished bodies may hold together; what goes over it is refused with 503.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_project(root) as project:
            app.state.project = project
            yield

    app = FastAPI(title="Citeward", version=__version__, lifespan=lifespan)
    app.state.shutdown = shutdown = Shutdown()
    app.add_middleware(
        BodyLimit, limit=max_body, seconds=body_seconds, buffered=max(max_body, max_buffered), shutdown=shutdown
    )
    handle_errors(app)
    describe(app)
    app.include_router(ops_routes())
    app.include_router(openai_routes())
    app.include_router(langserve_routes())
    app.include_router(thread_routes())
    return app
