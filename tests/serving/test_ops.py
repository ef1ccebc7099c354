"""Health checks over a store that does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from citeward.errors import StoreUnavailable
from citeward.serving.ops import ops_routes
from citeward.settings import ServerSettings

Count = Callable[[], Awaitable[int]]


def application(count: Count, **settings: float) -> FastAPI:
    """The routes alone, over a store that counts like this."""
    app = FastAPI()
    app.include_router(ops_routes())
    app.state.project = SimpleNamespace(
        agents={"assistant": None},
        retrieval=SimpleNamespace(store=SimpleNamespace(count=count)),
        project=SimpleNamespace(settings=SimpleNamespace(server=ServerSettings(**settings))),
    )
    return app


async def get(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


class Silent:
    """A store that never answers, and knows whether it is still being asked."""

    def __init__(self) -> None:
        self.asked = self.cancelled = 0

    async def __call__(self) -> int:
        self.asked += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return 0


async def test_liveness_never_asks_the_store() -> None:
    store = Silent()
    reply = await get(application(store), "/health")
    assert (reply.status_code, reply.json()["status"], reply.json()["agents"]) == (200, "ok", ["assistant"])
    assert store.asked == 0


async def test_readiness_gives_up_on_a_silent_store_and_names_it() -> None:
    store = Silent()
    reply = await get(application(store, ready_timeout=0.05), "/health/ready")
    assert reply.status_code == 503
    assert (reply.json()["status"], reply.json()["part"]) == ("unavailable", "store")
    assert "0.05 s" in reply.json()["message"] and "server.ready_timeout" in reply.json()["hint"]
    assert (store.asked, store.cancelled) == (1, 1), "nothing goes on in the background"


async def test_readiness_names_the_failure_and_never_the_address_of_the_store() -> None:
    async def refuse() -> int:
        raise StoreUnavailable("the server 'http://w:8080' does not answer", hint="see that it runs")

    reply = await get(application(refuse), "/health/ready")
    assert reply.status_code == 503
    assert reply.json() == {
        "status": "unavailable",
        "part": "store",
        "message": "the store fails: store_unavailable",
        "hint": "read the server's log",
    }


async def test_many_checks_at_once_wait_side_by_side() -> None:
    store = Silent()
    app = application(store, ready_timeout=0.05)
    replies = await asyncio.gather(*(get(app, "/health/ready") for _ in range(20)))
    assert {reply.status_code for reply in replies} == {503}
    assert store.cancelled == store.asked == 20


@pytest.mark.parametrize("seconds", [0, -1, 61])
def test_the_deadline_of_readiness_is_checked(seconds: float) -> None:
    with pytest.raises(ValueError, match="ready_timeout"):
        ServerSettings(ready_timeout=seconds)
