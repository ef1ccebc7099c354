import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from citeward.cache.entry import Entries
from citeward.cache.exact import ExactCache
from citeward.cache.redis import RedisCache


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A real server's address; the test skips where none is named."""
    url = os.environ.get("CITEWARD_TEST_REDIS")
    if not url:
        pytest.skip("CITEWARD_TEST_REDIS names no Redis server")
    return url


MakeRedis = Callable[..., RedisCache]


@pytest.fixture
async def make_redis(redis_url: str) -> AsyncIterator[MakeRedis]:
    """Caches of one namespace on the server, each as another process would have it; cleared afterwards."""
    made: list[RedisCache] = []
    namespace = f"test-{uuid4().hex}"

    def make(**changes: object) -> RedisCache:
        cache = RedisCache(redis_url, **{"namespace": namespace, "space": "t"} | changes)  # type: ignore[arg-type]
        made.append(cache)
        return cache

    yield make
    for cache in made:
        await cache.clear()
        await cache.close()


@pytest.fixture(params=["memory", "redis"])
def entries(request: pytest.FixtureRequest) -> Entries:
    """Each exact tier."""
    if request.param == "memory":
        return ExactCache()
    cache: Entries = request.getfixturevalue("make_redis")()
    return cache


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Waits for a condition that another process or the server brings about."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(10):
            while not await condition():  # noqa: ASYNC110 - no event tells of what a server does
                await asyncio.sleep(0.01)

    return wait
