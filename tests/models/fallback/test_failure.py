from citeward.errors import AuthenticationFailed, BudgetSpent, DeadlineExceeded, ModelError, Overloaded, RateLimited
from citeward.models.fallback.failure import Failure, combined

DENIED = Failure(model="a", error=AuthenticationFailed("no key.", hint="Set it."))
FULL = Failure(model="b", error=Overloaded("full", hint="Wait."))
DEAR = Failure(model="c", error=BudgetSpent("too dear", hint="Pay.", retry_after=9.0))


def _slow(model: str, seconds: float | None) -> Failure:
    return Failure(model=model, error=RateLimited("slow down", hint="Wait.", retry_after=seconds))


def test_one_failure_is_told_as_it_is() -> None:
    assert combined([FULL]) is FULL.error


def test_of_several_each_is_told_and_the_whole_is_retryable_where_a_part_is() -> None:
    error = combined([FULL, DENIED])
    assert isinstance(error, Overloaded)
    assert error.message == "no model answered: b: full (overloaded); a: no key (authentication_failed)"
    assert error.retryable


def test_where_none_is_retryable_it_is_the_last() -> None:
    error = combined([Failure(model="x", error=ModelError("odd", hint="Look.")), DENIED])
    assert isinstance(error, AuthenticationFailed)


def test_of_full_servers_the_shortest_wait_is_told() -> None:
    full = [Failure(model="d", error=Overloaded("full", hint="Wait.", retry_after=wait)) for wait in (9.0, 4.0)]
    error = combined(full)
    assert isinstance(error, Overloaded)
    assert error.retry_after == 4.0


def test_of_rate_limits_the_shortest_wait_is_told() -> None:
    error = combined([_slow("a", 30.0), _slow("b", None), _slow("c", 7.0)])
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


def test_a_model_that_was_too_dear_says_less_than_one_that_failed() -> None:
    assert isinstance(combined([DENIED, DEAR]), AuthenticationFailed)
    spent = combined([DEAR, DEAR])
    assert isinstance(spent, BudgetSpent)
    assert spent.retry_after == 9.0


def test_where_the_time_is_over_that_is_what_is_told() -> None:
    error = combined([FULL, DENIED], out_of_time=True)
    assert isinstance(error, DeadlineExceeded)
    assert "b: full" in error.message
