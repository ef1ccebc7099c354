"""What operations ask of a server."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from citeward import __version__
from citeward.errors import CitewardError
from citeward.logs import get_logger, masked

logger = get_logger(__name__)


def ops_routes() -> APIRouter:
    """`/health`: the process is alive. `/health/ready`: it can answer, or 503 with the part that fails."""
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    async def health(request: Request) -> dict[str, Any]:
        """Whether the process is alive and its project open, with its agents; no other server is asked."""
        return {"status": "ok", "version": __version__, "agents": list(request.app.state.project.agents)}

    @router.get("/health/ready", responses={503: {"description": "A part does not answer."}})
    async def ready(request: Request) -> JSONResponse:
        """Whether questions can be answered, with how many passages can be searched; 503 names the part that fails."""
        opened = request.app.state.project
        limit = opened.project.settings.server.ready_timeout
        try:
            async with asyncio.timeout(limit):
                passages = await opened.retrieval.store.count()
        except TimeoutError:
            hint = "see that the store runs and is reachable, or raise server.ready_timeout"
            return _unavailable("store", f"no answer within {limit:g} s", hint)
        except CitewardError as error:
            # Anybody may ask; the store's address and its words are for those who read the log.
            logger.warning("health.not_ready", part="store", code=error.code, error=masked(str(error)))
            return _unavailable("store", f"the store fails: {error.code}", "read the server's log")
        return JSONResponse({"status": "ok", "passages": passages})

    return router


def _unavailable(part: str, message: str, hint: str) -> JSONResponse:
    return JSONResponse({"status": "unavailable", "part": part, "message": message, "hint": hint}, status_code=503)
