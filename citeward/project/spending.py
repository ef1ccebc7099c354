"""The books of a project's model calls, and what may be spent."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

from citeward.contracts.metering import Allowance, Meter
from citeward.contracts.model import ModelInfo
from citeward.models.metering.memory import MemoryMeter
from citeward.models.metering.pricing import free
from citeward.models.metering.redis import RedisMeter
from citeward.settings import Settings


def open_meter(settings: Settings, stack: AsyncExitStack) -> Meter:
    """The meter, shared by all processes that name the same Redis server; nothing is connected to yet.

    Args:
        settings: The project's: `[budget]`, and the server of `[cache] url`.
        stack: Takes what must be closed.
    """
    budget = settings.budget
    allowance = Allowance(run=budget.run, tenant_per_day=budget.tenant_per_day, when_spent=budget.when_spent)
    if settings.cache.url is None:
        return MemoryMeter(allowance)
    meter = RedisMeter(settings.cache.url, allowance)
    stack.push_async_callback(meter.aclose)
    return meter


def routing_budget(meter: Meter, models: Iterable[ModelInfo]) -> Meter | None:
    """The meter where the router should look at it: where a spent budget leaves models that cost nothing.

    Elsewhere the budget is asked before each call alone, which is what raises BudgetSpent.
    """
    return meter if meter.allowance.when_spent == "downgrade" and any(map(free, models)) else None
