"""What only a server that is shared can show."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np
import pytest

from citeward.cache.redis import RedisCache
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope

SCOPE = Scope(tenant="t", agent="a", version="1")
ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)
VECTOR = np.array([1, 0], np.float32)
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def test_what_one_process_stores_another_finds_by_words_and_by_meaning(make_redis) -> None:
    one, other = make_redis(), make_redis()
    assert await other.near(VECTOR, SCOPE, threshold=0.5, limit=3) == []
    await one.keep("What is it?", ANSWER, SCOPE, vector=VECTOR)
    assert await other.get("what is it", SCOPE) is not None
    assert [near.question for near in await other.near(VECTOR, SCOPE, threshold=0.5, limit=3)] == ["What is it?"]


async def test_an_answer_grows_old_by_the_servers_clock(make_redis, until: Until) -> None:
    cache = make_redis(ttl=0.05)
    await cache.keep("q", ANSWER, SCOPE, vector=VECTOR)

    async def gone() -> bool:
        return await cache.get("q", SCOPE) is None

    await until(gone)
    assert await cache.near(VECTOR, SCOPE, threshold=0.5, limit=3) == []


async def test_clearing_in_one_process_clears_for_all_and_leaves_other_namespaces(make_redis) -> None:
    one, other, stranger = make_redis(), make_redis(), make_redis(namespace="test-[another]*")
    for cache in (one, stranger):
        await cache.keep("q", ANSWER, SCOPE, vector=VECTOR)
    assert len(await other.near(VECTOR, SCOPE, threshold=0.5, limit=3)) == 1
    assert await one.clear() == 1
    assert await other.get("q", SCOPE) is None
    assert await other.near(VECTOR, SCOPE, threshold=0.5, limit=3) == []
    assert await stranger.get("q", SCOPE) is not None
    await other.keep("r", ANSWER, SCOPE, vector=VECTOR)
    assert [near.question for near in await one.near(VECTOR, SCOPE, threshold=0.5, limit=3)] == ["r"]


async def test_projects_that_share_a_server_never_share_an_answer(make_redis) -> None:
    one, other = make_redis(), make_redis(namespace="test-other-project")
    await one.keep("q", ANSWER, SCOPE, vector=VECTOR)
    assert await other.get("q", SCOPE) is None
    assert await other.near(VECTOR, SCOPE, threshold=0.1, limit=3) == []


async def test_vectors_of_another_embedder_are_never_compared(make_redis) -> None:
    one, other = make_redis(), make_redis(space="another")
    await one.keep("q", ANSWER, SCOPE, vector=VECTOR)
    assert await other.near(VECTOR, SCOPE, threshold=0.1, limit=3) == []


async def test_only_the_newest_questions_of_a_scope_are_searched(make_redis) -> None:
    cache = make_redis(entries=10)
    for number in range(300):
        await cache.keep(f"q{number}", ANSWER, SCOPE, vector=VECTOR)
    found = {near.question for near in await cache.near(VECTOR, SCOPE, threshold=0.1, limit=999)}
    assert found == {f"q{number}" for number in range(290, 300)}


async def test_nothing_of_the_scope_or_of_the_asker_stands_in_a_key(make_redis, redis_url: str) -> None:
    from redis.asyncio import Redis

    cache: RedisCache = make_redis(namespace="test-keys")
    scope = Scope(tenant="acme", groups=("board",), agent="helper", version="1")
    await cache.keep("my secret?", replace(ANSWER, run_id="run7", thread_id="thread7"), scope, vector=VECTOR)
    async with Redis.from_url(redis_url) as client:
        keys = [key async for key in client.scan_iter(match="citeward:*test-keys*")]
        values = [await client.get(key) for key in keys if b":a:" in key]
    assert len(keys) == 2
    assert not any(word in key for key in keys for word in (b"acme", b"board", b"helper", b"secret"))
    assert json.loads(values[0])["text"] == "It is 4."
    assert b"run7" not in values[0]
    assert b"thread7" not in values[0]
    await cache.clear()


async def test_a_value_that_is_no_answer_is_a_miss(make_redis, redis_url: str) -> None:
    from redis.asyncio import Redis

    cache: RedisCache = make_redis(namespace="test-broken")
    await cache.put("q", ANSWER, SCOPE)
    async with Redis.from_url(redis_url) as client:
        for value in (b"\x80\x04junk", b'{"text": 1}', b""):
            async for key in client.scan_iter(match="citeward:*test-broken:a:*"):
                await client.set(key, value)
            assert await cache.get("q", SCOPE) is None
    await cache.clear()


@pytest.mark.parametrize("question", ["\ud800 lone", "\x00", "a" * 20_000])
async def test_no_question_is_too_strange(make_redis, question: str) -> None:
    cache = make_redis()
    await cache.keep(question, ANSWER, SCOPE, vector=VECTOR)
    assert (await cache.get(question, SCOPE) is None) == ("\ud800" in question)
