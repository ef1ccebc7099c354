"""What becomes of runs while the server is not there."""

import pytest

from citeward.cache.once import get_once
from citeward.cache.redis import RedisCache
from citeward.cache.redis.server import COOLDOWN, Server
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope
from citeward.errors import SettingsError
from citeward.testing.logs import captured_logs

SCOPE = Scope(tenant="t", agent="a", version="1")
ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)


async def test_a_server_that_is_down_is_a_miss_and_said_once(unused_tcp_port: int) -> None:
    cache = RedisCache(f"redis://user:secret@127.0.0.1:{unused_tcp_port}/0")
    with captured_logs() as said:
        await cache.put("q", ANSWER, SCOPE)
        assert await cache.get("q", SCOPE) is None
        assert await get_once(cache, "q", SCOPE, run_id="1", wait=60, seconds=60) is None
        assert await get_once(cache, "q", SCOPE, run_id="2", wait=60, seconds=60) is None
        await cache.turns.end("1")
        assert await cache.clear() == 0
        await cache.close()
    assert [line["event"] for line in said].count("cache.unreachable") == 1
    assert "secret" not in str(said)


async def test_a_server_that_failed_is_asked_again_after_a_while(unused_tcp_port: int) -> None:
    now, asked = [0.0], []
    server = Server(f"redis://127.0.0.1:{unused_tcp_port}/0", clock=lambda: now[0])

    async def work(client: object) -> str:
        asked.append(now[0])
        if now[0] == 0:
            raise ConnectionError("refused")
        return "there"

    assert await server.ask(work, "away") == "away"
    assert await server.ask(work, "away") == "away"
    now[0] = COOLDOWN
    assert await server.ask(work, "away") == "there"
    assert asked == [0.0, COOLDOWN]
    await server.close()


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://127.0.0.1", "redis://:pw@host:port"])
def test_an_address_that_cannot_be_used_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"cache\.url") as caught:
        RedisCache(url)
    assert "pw" not in str(caught.value)
