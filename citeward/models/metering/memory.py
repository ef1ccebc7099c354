"""The books in this process's memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from citeward.contracts.metering import Allowance, Hold, ModelCall, Spend, Spender

THREADS = 10_000
"""Threads whose totals are kept; those that have been silent the longest are forgotten first."""
DUST = 1e-9
"""US dollars by which sums of floats may miss each other."""


@dataclass(kw_only=True)
class _Account:
    """One tenant's day."""

    spend: Spend = field(default_factory=Spend)
    held: float = 0.0

    @property
    def gone(self) -> float:
        return self.spend.cost + max(0.0, self.held)


class MemoryMeter:
    """A `Meter` for one process: its totals begin anew with the process, and at midnight (UTC).

    Each step is done without waiting, so that calls of one event loop cannot come between each other.

    Args:
        allowance: What may be spent.
        clock: Unix time in seconds.
        threads: How many threads' totals are kept.
    """

    def __init__(
        self, allowance: Allowance | None = None, *, clock: Callable[[], float] = time.time, threads: int = THREADS
    ) -> None:
        self._allowance = allowance or Allowance()
        self._clock = clock
        self._most = threads
        self._days: dict[str, dict[str, _Account]] = {}
        self._threads: OrderedDict[tuple[str, str], Spend] = OrderedDict()

    @property
    def allowance(self) -> Allowance:
        """As given."""
        return self._allowance

    async def left(self, tenant: str, /, *, spent: float = 0.0) -> float | None:
        """The least of what is left to the tenant today and to a run that has cost `spent` so far."""
        return least_left(self._allowance, today=self._account(tenant).gone, run=spent)

    async def reserve(self, tenant: str, amount: float, /) -> Hold | None:
        """Set money aside; None where the tenant has not that much left today."""
        day = day_of(self._clock())
        account = self._account(tenant, day)
        limit = self._allowance.tenant_per_day
        if amount and limit is not None and account.gone + amount > limit + DUST:
            return None
        account.held += amount
        return Hold(tenant=tenant, day=day, amount=amount)

    async def settle(self, hold: Hold, spender: Spender, call: ModelCall, /) -> None:
        """Book what the call came to, on the day on which it began."""
        account = self._account(hold.tenant, hold.day)
        added = Spend.of(call)
        account.held -= hold.amount
        account.spend += added
        if spender.thread_id:
            thread = (spender.tenant, spender.thread_id)
            self._threads[thread] = self._threads.pop(thread, Spend()) + added
            while len(self._threads) > self._most:
                self._threads.popitem(last=False)

    async def spent(self, tenant: str, /, *, thread_id: str | None = None) -> Spend:
        """Totals of the tenant's calls today, or of one of its threads."""
        if thread_id is not None:
            return self._threads.get((tenant, thread_id), Spend())
        return self._account(tenant).spend

    def _account(self, tenant: str, day: str = "") -> _Account:
        day = day or day_of(self._clock())
        if day not in self._days:
            # A call of yesterday's may still be under way; what is older is over.
            kept = sorted(self._days)[-1:]
            self._days = {at: self._days[at] for at in kept} | {day: {}}
        return self._days[day].setdefault(tenant, _Account())


def day_of(seconds: float) -> str:
    """The day (UTC) of a Unix time, as 2026-01-31."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def least_left(allowance: Allowance, *, today: float, run: float) -> float | None:
    """US dollars that are left by both limits; None where there is none.

    Args:
        allowance: The limits.
        today: What the tenant has spent today.
        run: What the run has spent.
    """
    lefts = []
    if allowance.tenant_per_day is not None:
        lefts.append(allowance.tenant_per_day - today)
    if allowance.run is not None:
        lefts.append(allowance.run - run)
    return min(lefts, default=None)
