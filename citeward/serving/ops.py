"""What operations ask of a server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from citeward import __version__


def ops_routes() -> APIRouter:
    """`/health`: 200 once the project is open."""
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    async def health(request: Request) -> dict[str, Any]:
        """Whether the server can answer, with its agents and how many passages it can search."""
        project = request.app.state.project
        return {
            "status": "ok",
            "version": __version__,
            "agents": list(project.agents),
            "passages": await project.retrieval.store.count(),
        }

    return router
