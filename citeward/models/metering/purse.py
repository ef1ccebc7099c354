"""What one run may spend on its model calls, and the books of those that it made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from citeward.contracts.metering import Hold, Meter, ModelCall, Spender
from citeward.contracts.model import ModelInfo, ModelRequest
from citeward.errors import BudgetSpent
from citeward.models.metering.pricing import quote

_DAY = 86_400.0


class Purse:
    """Opened for one chain of calls: asks the meter before each one and books each one when it is over.

    Args:
        meter: Keeps the books.
        spender: On whose account.
        spent: US dollars that the run has cost before.
        clock: Unix time in seconds.
    """

    def __init__(
        self, meter: Meter, spender: Spender, *, spent: float = 0.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._meter = meter
        self._spender = spender
        self._before = spent
        self.calls: list[ModelCall] = []
        """Those that are over, in order."""

    @property
    def stops(self) -> bool:
        """Whether a spent budget ends the run, rather than leaving the models that cost nothing."""
        return self._meter.allowance.when_spent == "stop"

    async def open(self, name: str, info: ModelInfo, request: ModelRequest) -> Hold:
        """Set the most that a call may come to aside.

        Raises:
            BudgetSpent: That much is not left; or nothing is, and a spent budget stops every call.
        """
        allowance = self._meter.allowance
        limited = allowance.run is not None or allowance.tenant_per_day is not None
        amount = quote(info, request) if limited else 0.0
        if limited and (amount or self.stops):
            left = await self._meter.left(self._spender.tenant, spent=self._spent)
            if left is not None and (amount > left or (self.stops and left <= 0)):
                raise self._lacking(name, amount, left)
        hold = await self._meter.reserve(self._spender.tenant, amount)
        if hold is None:  # another call has taken what was left a moment ago
            raise self._lacking(name, amount, await self._meter.left(self._spender.tenant, spent=self._spent) or 0.0)
        return hold

    async def close(self, hold: Hold, call: ModelCall) -> None:
        """Book the call. It is booked even where the run is being cancelled."""
        self.calls.append(call)
        await asyncio.shield(asyncio.ensure_future(self._meter.settle(hold, self._spender, call)))

    @property
    def _spent(self) -> float:
        return self._before + sum(call.cost for call in self.calls)

    def _lacking(self, name: str, amount: float, left: float) -> BudgetSpent:
        allowance = self._meter.allowance
        by_run = allowance.run is not None and allowance.run - self._spent <= left
        whose = "the run" if by_run else f"tenant {self._spender.tenant!r}"
        limit = "budget.run" if by_run else "budget.tenant_per_day"
        asked = f"{name} may cost ${amount:.6f}, and " if amount else ""
        return BudgetSpent(
            f"{asked}${max(left, 0.0):.6f} is left to {whose}",
            hint=f"Raise {limit}, wait for the next day (UTC), or let a model answer that costs nothing.",
            retry_after=None if by_run else _DAY - self._clock() % _DAY,
        )
