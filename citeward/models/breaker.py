"""Leaves models alone that fail again and again (Nygard, *Release It!*: the circuit breaker)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from citeward.errors import CitewardError, ContentFiltered, ContextTooLong, InvalidInput, RateLimited


@dataclass(kw_only=True)
class _Breaker:
    failures: int = 0
    """In a row."""
    opened: bool = False
    until: float = 0.0
    """When a probe may be made; reading of the clock."""
    reason: str = ""
    probed: float | None = None
    """When the probe that is under way began."""


class Breakers:
    """One breaker a model, shared by all runs of the process.

    A model is *open* after so many failures in a row, for the cooldown; one that asked to be left alone
    (`RateLimited.retry_after`) at once, for as long as it asked. After that one run may try it, while it stays open
    for the others: where that probe succeeds the breaker closes, else the cooldown begins anew.

    What is the question's fault (too long, filtered, out of range) says nothing about the model and is not counted.

    Args:
        failures: In a row.
        cooldown: Seconds.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, *, failures: int = 3, cooldown: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures = failures
        self._cooldown = cooldown
        self._clock = clock
        self._lock = threading.Lock()
        self._breakers: dict[str, _Breaker] = {}

    def why(self, model: str, /) -> str:
        """Why the model should be left alone now, in plain words; empty where it may be asked."""
        breaker = self._breakers.get(model)
        if breaker is None or not breaker.opened:
            return ""
        now = self._clock()
        if now < breaker.until:
            return f"left alone for {breaker.until - now:.0f} s more: {breaker.reason}"
        if self._probing(breaker, now):
            return f"being tried by another run: {breaker.reason}"
        return ""

    def begin(self, model: str, /) -> None:
        """The model is asked now; where its cooldown is over, this is the probe."""
        with self._lock:
            breaker = self._breakers.get(model)
            if breaker is not None and breaker.opened and not self._probing(breaker, self._clock()):
                breaker.probed = self._clock()

    def succeeded(self, model: str, /) -> None:
        """The model has answered to its end."""
        with self._lock:
            self._breakers.pop(model, None)

    def failed(self, model: str, error: CitewardError, /) -> None:
        """The model has failed."""
        if isinstance(error, ContextTooLong | ContentFiltered | InvalidInput):
            self.abandoned(model)
            return
        with self._lock:
            breaker = self._breakers.setdefault(model, _Breaker())
            breaker.failures += 1
            breaker.probed = None
            asked = error.retry_after if isinstance(error, RateLimited) else None
            if asked or breaker.failures >= self._failures:
                breaker.opened = True
                breaker.until = self._clock() + (asked or self._cooldown)
                times = "once" if breaker.failures == 1 else f"{breaker.failures} times in a row"
                breaker.reason = "it asked to wait" if asked else f"it failed {times} ({error.code})"

    def abandoned(self, model: str, /) -> None:
        """The call ended without telling anything about the model: it was cancelled, or the question was at fault."""
        with self._lock:
            breaker = self._breakers.get(model)
            if breaker is not None:
                breaker.probed = None

    def _probing(self, breaker: _Breaker, now: float) -> bool:
        # A probe that never came back (its loop was closed under it) must not keep the model away for ever.
        return breaker.probed is not None and now - breaker.probed < max(self._cooldown, _LONGEST_PROBE)


_LONGEST_PROBE = 300.0
"""Seconds."""
