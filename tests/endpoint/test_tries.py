"""Calls that are made again."""

import time

import pytest

from citeward.endpoint.tries import Again, Tries
from citeward.errors import InvalidInput, ModelUnavailable, RateLimited


class Server:
    """Fails as often as it is told to, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0
        self.told: list[tuple[str, float]] = []

    async def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def tries(self, retries: int = 3, *, first: float = 0.0, longest: float = 0.0) -> Tries:
        return Tries(
            retries=retries,
            first=first,
            longest=longest,
            tell=lambda error, after: self.told.append((error.message, after)),
        )


def busy(after: float | None = None) -> Again:
    return Again(RateLimited("busy", hint="Wait."), after=after)


async def test_what_may_pass_is_tried_again_and_told() -> None:
    server = Server(busy(), busy())
    assert await server.tries().of(server) == "answer"
    assert (server.calls, server.told) == (3, [("busy", 0.0), ("busy", 0.0)])


async def test_the_last_error_comes_out_with_its_cause() -> None:
    cause = OSError("cut")
    failed = Again(ModelUnavailable("gone", hint="Look."))
    failed.__cause__ = cause
    server = Server(busy(), failed)
    with pytest.raises(ModelUnavailable, match="gone") as raised:
        await server.tries(retries=1).of(server)
    assert raised.value.__cause__ is cause
    assert server.calls == 2


async def test_what_cannot_pass_is_raised_at_once() -> None:
    server = Server(InvalidInput("wrong", hint="Right it."))
    with pytest.raises(InvalidInput):
        await server.tries().of(server)
    assert server.calls == 1


async def test_a_time_that_the_server_named_is_kept_to_and_not_much_more() -> None:
    server = Server(busy(after=0.05))
    began = time.monotonic()
    await server.tries(first=60.0, longest=60.0).of(server)
    ((_, after),) = server.told
    assert 0.05 <= after <= 0.06
    assert time.monotonic() - began >= 0.05


async def test_no_wait_goes_past_the_end_of_the_time() -> None:
    server = Server(busy(after=60.0), busy())
    await server.tries(first=60.0, longest=60.0).of(server, until=time.monotonic() + 0.01)
    assert [after <= 0.02 for _, after in server.told] == [True, True]
