"""A call of a server that is made again where another try may help."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from citeward.errors import CitewardError

T = TypeVar("T")


class Again(Exception):
    """A try that failed and may be followed by another; raised from the failure's own exception.

    Args:
        error: What the caller hears where no further try is made.
        after: Seconds that the server asked to wait.
    """

    def __init__(self, error: CitewardError, *, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


@dataclass(frozen=True, kw_only=True)
class Tries:
    """How often a call is made, and how long is waited in between."""

    retries: int
    """Further tries after the first."""
    first: float
    """Seconds, at most, before the first further try where the server names no time; doubled with each try."""
    longest: float
    """Seconds, at most, between two tries where the server names no time."""
    tell: Callable[[CitewardError, float], None]
    """Called before each further try with what failed, and the seconds until then."""

    async def of(self, once: Callable[[], Awaitable[T]], *, until: float | None = None) -> T:
        """What `once` gives, called again each time it raises `Again`; the last `Again`'s error where none is left.

        Args:
            once: One try.
            until: When the time is over, by `time.monotonic`: no wait goes past it.
        """
        tries = AsyncRetrying(
            retry=retry_if_exception_type(Again),
            stop=stop_after_attempt(self.retries + 1),
            wait=lambda state: self._wait(state, until),
            before_sleep=self._told,
            reraise=True,
        )
        try:
            async for attempt in tries:
                with attempt:
                    return await once()
        except Again as again:
            raise again.error from again.__cause__
        raise AssertionError("unreachable: the last try returns or raises")

    def _wait(self, state: RetryCallState, until: float | None) -> float:
        """Seconds: what the server named and up to a tenth more, so that not all come back at once; else at random in
        a range that doubles ("full jitter")."""
        after = _again(state).after
        if after is not None:
            seconds = after + wait_random_exponential(multiplier=after / 10, max=after / 10)(state)
        else:
            seconds = wait_random_exponential(multiplier=self.first, max=self.longest)(state)
        return seconds if until is None else min(seconds, max(0.0, until - time.monotonic()))

    def _told(self, state: RetryCallState) -> None:
        if state.next_action:
            self.tell(_again(state).error, round(state.next_action.sleep, 2))


def _again(state: RetryCallState) -> Again:
    again = state.outcome.exception() if state.outcome else None
    assert isinstance(again, Again), "nothing else is tried again"
    return again
