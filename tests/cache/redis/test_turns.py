"""A process that dies holds nobody up; one that lives keeps its turn."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from citeward.contracts.cache import Scope

SCOPE = Scope(tenant="t", agent="a", version="1")
HOLDER = """
import asyncio, sys
from citeward.cache.redis import RedisCache
from citeward.contracts.cache import Scope

async def main():
    cache = RedisCache(sys.argv[1], namespace="test-killed", lease=0.3)
    scope = Scope(tenant="t", agent="a", version="1")
    print(await cache.turns.take("q", scope, run_id="victim", seconds=600), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_the_turn_of_a_process_that_is_killed_is_over_soon(make_redis, redis_url: str) -> None:
    cache = make_redis(namespace="test-killed")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, redis_url, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).strip() == b"True"
        assert not await cache.turns.take("q", SCOPE, run_id="next", seconds=60)
    finally:
        process.kill()
        await process.wait()
    async with asyncio.timeout(10):
        await cache.turns.ended("q", SCOPE, seconds=60)
    assert await cache.turns.take("q", SCOPE, run_id="next", seconds=60)
    await cache.turns.end("next")


async def test_a_turn_lasts_longer_than_its_lease_while_its_process_lives(
    make_redis, redis_url: str, until: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
) -> None:
    from redis.asyncio import Redis

    cache = make_redis(namespace="test-renewed", lease=0.3)
    assert await cache.turns.take("q", SCOPE, run_id="1", seconds=60)
    async with Redis.from_url(redis_url) as client:
        keys = [key async for key in client.scan_iter(match="citeward:*test-renewed:t:*")]
        left = [await client.pttl(keys[0])]

        async def renewed() -> bool:
            left.append(await client.pttl(keys[0]))
            return left[-1] > left[-2]

        await until(renewed)
        await cache.turns.end("1")
        assert await client.exists(keys[0]) == 0


async def test_ending_a_turn_that_was_lost_leaves_the_new_holders(make_redis) -> None:
    one, other = make_redis(), make_redis()
    assert await one.turns.take("q", SCOPE, run_id="1", seconds=0.02)
    await other.turns.ended("q", SCOPE, seconds=10)
    assert await other.turns.take("q", SCOPE, run_id="2", seconds=60)
    await one.turns.end("1")
    assert not await one.turns.take("q", SCOPE, run_id="3", seconds=60)
    await other.turns.end("2")
