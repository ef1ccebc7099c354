"""A rate limit of so much a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

MINUTE = 60


class Pace:
    """At most `limit` in any minute, a tenth of it at once; callers wait their turn, first come first served.

    A token bucket that is kept as one point in time, the generic cell rate algorithm (ITU-T I.371, annex A): nothing
    ticks, and it is the same for every event loop and thread that uses it. The bucket holds a tenth and is filled at
    nine tenths a minute, so that a full bucket and a minute's filling are the limit together.

    Args:
        limit: Requests, tokens or whatever is counted, a minute; 1 or more.
        clock: Seconds that never go back.
    """

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = max(1, limit // 10)
        self._each = Fraction(MINUTE, limit - self._burst + 1)
        """Seconds that one takes to come back."""
        self._clock = clock
        self._full = Fraction(0)
        """When the bucket is full again, if nobody takes anything."""

    @property
    def burst(self) -> int:
        """The most that is given at once without a debt."""
        return self._burst

    def reserve(self, amount: int = 1) -> float:
        """Take `amount`, and say how many seconds to wait before it is used.

        One that is larger than the bucket waits until it is full and leaves a debt: only then may a minute see more
        than the limit, by what is over the bucket.
        """
        now = Fraction(self._clock())
        full = max(self._full, now)
        # Full or owed to the bucket, it must hold the amount, or as much of it as it can hold.
        wait = full + (min(amount, self._burst) - self._burst) * self._each - now
        self._full = full + amount * self._each
        return float(max(wait, Fraction(0)))

    async def take(self, amount: int = 1) -> None:
        """Wait until `amount` may be used. One who gives up meanwhile has used it all the same."""
        wait = self.reserve(amount)
        if wait > 0:
            await asyncio.sleep(wait)
