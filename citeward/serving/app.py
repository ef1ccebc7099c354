"""The ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from citeward import __version__
from citeward.errors import CitewardError
from citeward.project.opened import open_project
from citeward.serving.body import BodyLimit
from citeward.serving.langserve import langserve_routes
from citeward.serving.ops import ops_routes
from citeward.serving.waiting import retry_after


def create_app(root: Path | None = None, *, max_body: int = 1_000_000) -> FastAPI:
    """The server for the project at `root` (found from the working folder upwards where None).

    The project is opened when the server starts and closed when it stops. Every agent answers under its own name,
    `/assistant/invoke`, and the default agent at the root as well, `/invoke`.

    Args:
        root: The folder with citeward.toml.
        max_body: Largest request body in bytes; a larger one is refused with 413.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_project(root) as project:
            app.state.project = project
            yield

    app = FastAPI(title="Citeward", version=__version__, lifespan=lifespan)
    app.add_middleware(BodyLimit, limit=max_body)
    app.add_exception_handler(CitewardError, _citeward_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.include_router(ops_routes())
    app.include_router(langserve_routes())
    return app


async def _citeward_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CitewardError)
    return JSONResponse({"error": error.to_dict()}, status_code=error.status, headers=retry_after(error.retry_after))


async def _invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    told = {
        "code": "invalid_input",
        "message": f"{place}: {first['msg']}",
        "hint": 'Send JSON such as {"input": {"question": "…"}}.',
        "retryable": False,
    }
    return JSONResponse({"error": told}, status_code=422)
