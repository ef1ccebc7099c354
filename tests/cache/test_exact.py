from citeward.cache.exact import ExactCache
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope

SCOPE = Scope(tenant="t", agent="a", version="1")
ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_an_answer_grows_old() -> None:
    clock = Clock()
    cache = ExactCache(ttl=10, clock=clock)
    await cache.put("q", ANSWER, SCOPE)
    clock.now = 10
    assert await cache.get("q", SCOPE) is not None
    clock.now = 10.1
    assert await cache.get("q", SCOPE) is None


async def test_the_least_recently_used_answer_goes_first() -> None:
    cache = ExactCache(entries=2)
    for question in ("a", "b"):
        await cache.put(question, ANSWER, SCOPE)
    await cache.get("a", SCOPE)
    await cache.put("c", ANSWER, SCOPE)
    assert [await cache.get(q, SCOPE) is not None for q in "abc"] == [True, False, True]
