import pytest

from citeward.errors import CitewardError, ContentFiltered, ContextTooLong, InvalidInput, Overloaded, RateLimited
from citeward.models.breaker import Breakers

FULL = Overloaded("full", hint="Wait.")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakers(clock: Clock) -> Breakers:
    return Breakers(failures=3, cooldown=30.0, clock=clock)


def _fail(breakers: Breakers, times: int = 3, error: CitewardError = FULL) -> None:
    for _ in range(times):
        breakers.begin("m")
        breakers.failed("m", error)


def test_a_model_is_left_alone_after_so_many_failures_in_a_row(breakers: Breakers, clock: Clock) -> None:
    _fail(breakers, 2)
    assert breakers.why("m") == ""
    _fail(breakers, 1)
    assert breakers.why("m") == "left alone for 30 s more: it failed 3 times in a row (overloaded)"
    clock.now += 29
    assert "1 s more" in breakers.why("m")


def test_a_success_begins_the_count_anew(breakers: Breakers) -> None:
    _fail(breakers, 2)
    breakers.succeeded("m")
    _fail(breakers, 2)
    assert breakers.why("m") == ""


def test_models_have_breakers_of_their_own(breakers: Breakers) -> None:
    _fail(breakers)
    assert breakers.why("other") == ""


def test_after_the_cooldown_one_run_may_probe(breakers: Breakers, clock: Clock) -> None:
    _fail(breakers)
    clock.now += 30
    assert breakers.why("m") == ""
    breakers.begin("m")
    assert "tried by another run" in breakers.why("m")
    breakers.succeeded("m")
    assert breakers.why("m") == ""


def test_a_probe_that_fails_begins_the_cooldown_anew(breakers: Breakers, clock: Clock) -> None:
    _fail(breakers)
    clock.now += 30
    _fail(breakers, 1)
    assert "30 s more" in breakers.why("m")


def test_a_probe_that_was_given_up_leaves_the_next_run_to_try(breakers: Breakers, clock: Clock) -> None:
    _fail(breakers)
    clock.now += 30
    breakers.begin("m")
    breakers.abandoned("m")
    assert breakers.why("m") == ""


def test_a_probe_that_never_came_back_is_forgotten(breakers: Breakers, clock: Clock) -> None:
    _fail(breakers)
    clock.now += 30
    breakers.begin("m")
    clock.now += 301
    assert breakers.why("m") == ""


def test_a_model_that_asks_to_wait_is_left_alone_at_once_for_so_long(breakers: Breakers, clock: Clock) -> None:
    _fail(breakers, 1, RateLimited("slow down", hint="Wait.", retry_after=120))
    assert breakers.why("m") == "left alone for 120 s more: it asked to wait"
    clock.now += 120
    assert breakers.why("m") == ""


def test_a_rate_limit_without_a_time_counts_as_a_failure(breakers: Breakers) -> None:
    _fail(breakers, 2, RateLimited("slow down", hint="Wait."))
    assert breakers.why("m") == ""
    _fail(breakers, 1, RateLimited("slow down", hint="Wait."))
    assert breakers.why("m")


@pytest.mark.parametrize("error", [ContextTooLong, ContentFiltered, InvalidInput])
def test_what_is_the_questions_fault_is_not_counted(breakers: Breakers, error: type[CitewardError]) -> None:
    _fail(breakers, 9, error("no", hint="Ask otherwise."))
    assert breakers.why("m") == ""
