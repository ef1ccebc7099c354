"""One computation for identical questions asked at once, in process and across processes."""

import asyncio

import pytest

from citeward.cache.entry import Entries
from citeward.cache.once import get_once
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope

SCOPE = Scope(tenant="t", agent="a", version="1")
ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)


class Runs:
    """Runs of one question; each computes where the cache tells it to."""

    def __init__(self, *caches: Entries) -> None:
        self.caches = caches
        self.computing = 0
        self.computed: list[int] = []

    async def run(
        self, number: int, outcome: Outcome = Outcome.ANSWERED, *, first_fails: bool = False, wait: float = 30.0
    ) -> Answer:
        cache, run_id = self.caches[number % len(self.caches)], f"run-{number}"
        try:
            found = await get_once(cache, "How much?", SCOPE, run_id=run_id, wait=wait, seconds=30)
            if found is not None:
                return found
            self.computed.append(number)
            await asyncio.sleep(0)
            if first_fails and len(self.computed) == 1:
                raise ValueError("out of order")
            answer = Answer(text=f"{number}", outcome=outcome)
            await cache.put("how much", answer, SCOPE)
            return answer
        finally:
            await cache.turns.end(run_id)


async def test_identical_questions_are_computed_once(entries: Entries) -> None:
    runs = Runs(entries)
    answers = await asyncio.gather(*(runs.run(number) for number in range(20)))
    assert len(runs.computed) == 1
    assert sum(answer.cached for answer in answers) == 19
    assert {answer.text for answer in answers} == {str(runs.computed[0])}


async def test_other_questions_and_scopes_wait_for_nobody(entries: Entries) -> None:
    assert await entries.turns.take("q", SCOPE, run_id="1", seconds=30)
    assert await entries.turns.take("r", SCOPE, run_id="2", seconds=30)
    other = Scope(tenant="u", agent="a", version="1")
    assert await entries.turns.take("q", other, run_id="3", seconds=30)
    assert not await entries.turns.take("Q?", SCOPE, run_id="4", seconds=30)
    for run_id in "123":
        await entries.turns.end(run_id)


async def test_where_a_run_fails_one_of_the_waiting_goes_on(entries: Entries) -> None:
    runs = Runs(entries)
    results = await asyncio.gather(*(runs.run(at, first_fails=True) for at in range(6)), return_exceptions=True)
    assert len(runs.computed) == 2
    assert sum(isinstance(one, Answer) for one in results) == 5


async def test_where_a_run_is_cancelled_one_of_the_waiting_goes_on(entries: Entries) -> None:
    assert await get_once(entries, "How much?", SCOPE, run_id="first", wait=9, seconds=30) is None
    runs = Runs(entries)
    waiting = asyncio.gather(*(runs.run(number) for number in range(4)))
    await asyncio.sleep(0)
    await entries.turns.end("first")
    assert len({answer.text for answer in await waiting}) == 1
    assert len(runs.computed) == 1


async def test_a_question_whose_answers_are_not_stored_does_not_put_its_runs_in_a_row(entries: Entries) -> None:
    runs = Runs(entries)
    answers = await asyncio.gather(*(runs.run(number, Outcome.REFUSED) for number in range(8)))
    assert len(answers) == len(runs.computed) == 8


async def test_nobody_waits_longer_than_it_has(entries: Entries) -> None:
    assert await entries.turns.take("How much?", SCOPE, run_id="slow", seconds=30)
    answer = await Runs(entries).run(1, wait=0.01)
    assert not answer.cached
    await entries.turns.end("slow")


async def test_a_turn_that_nobody_ends_is_over_by_itself(entries: Entries) -> None:
    assert await entries.turns.take("q", SCOPE, run_id="gone", seconds=0.05)
    async with asyncio.timeout(10):
        await entries.turns.ended("q", SCOPE, seconds=9)
        assert await entries.turns.take("q", SCOPE, run_id="next", seconds=30)
    await entries.turns.end("gone")
    assert not await entries.turns.take("q", SCOPE, run_id="third", seconds=30)
    await entries.turns.end("next")


async def test_a_turn_is_given_back_where_the_look_up_fails(entries: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(question: str, scope: Scope, /) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(entries, "get", broken)
        with pytest.raises(OSError, match="gone"):
            await get_once(entries, "q", SCOPE, run_id="1", wait=1, seconds=30)
    assert await entries.turns.take("q", SCOPE, run_id="2", seconds=30)
    await entries.turns.end("2")


async def test_ending_a_turn_that_was_never_taken_does_nothing(entries: Entries) -> None:
    await entries.turns.end("nobody")


async def test_processes_that_share_a_server_compute_once(make_redis) -> None:
    runs = Runs(make_redis(), make_redis(), make_redis())
    answers = await asyncio.gather(*(runs.run(number) for number in range(12)))
    assert len(runs.computed) == 1
    assert {answer.text for answer in answers} == {str(runs.computed[0])}
