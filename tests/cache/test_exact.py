from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from citeward.cache.exact import ExactCache, normalised
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope
from citeward.contracts.principal import Principal

SCOPE = Scope(principal=Principal(), agent="a", version="1")
ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_same_words_get_the_same_answer() -> None:
    cache = ExactCache()
    await cache.put("How much is it?", ANSWER, SCOPE)
    assert await cache.get("  how much IS it ", SCOPE) == ANSWER


async def test_no_answer_crosses_scopes() -> None:
    cache = ExactCache()
    await cache.put("q", ANSWER, SCOPE)
    others = [
        replace(SCOPE, version="2"),
        replace(SCOPE, agent="b"),
        replace(SCOPE, principal=Principal(tenant="other")),
        replace(SCOPE, principal=Principal(subject="other")),
        replace(SCOPE, principal=Principal(groups=("staff",))),
    ]
    assert [await cache.get("q", other) for other in others] == [None] * len(others)


async def test_an_answer_grows_old() -> None:
    clock = Clock()
    cache = ExactCache(ttl=10, clock=clock)
    await cache.put("q", ANSWER, SCOPE)
    clock.now = 10
    assert await cache.get("q", SCOPE) == ANSWER
    clock.now = 10.1
    assert await cache.get("q", SCOPE) is None


async def test_the_least_recently_used_answer_goes_first() -> None:
    cache = ExactCache(entries=2)
    for question in ("a", "b"):
        await cache.put(question, ANSWER, SCOPE)
    await cache.get("a", SCOPE)
    await cache.put("c", ANSWER, SCOPE)
    assert [await cache.get(q, SCOPE) is not None for q in "abc"] == [True, False, True]


async def test_refused_and_blocked_answers_are_not_kept() -> None:
    cache = ExactCache()
    for outcome in (Outcome.REFUSED, Outcome.BLOCKED):
        await cache.put("q", replace(ANSWER, outcome=outcome), SCOPE)
    assert cache.clear() == 0


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_words_that_change_the_meaning_stay() -> None:
    assert normalised("Is it not 2.5?") != normalised("Is it 2.5?") != normalised("Is it 25?")
