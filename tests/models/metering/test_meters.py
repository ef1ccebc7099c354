"""What every meter does, in memory or on a Redis server."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from citeward.contracts.metering import Hold, Meter, ModelCall, Spend, Spender
from citeward.contracts.model import TokenUsage

Make = Callable[..., Meter]
CALL = ModelCall(model="m", tokens=TokenUsage(input_tokens=10, output_tokens=5), cost=0.25)
SPENDER = Spender(tenant="t", thread_id="h", run_id="r")


async def _book(meter: Meter, amount: float = 0.0, spender: Spender = SPENDER, call: ModelCall = CALL) -> None:
    hold = await meter.reserve(spender.tenant, amount)
    assert hold is not None
    await meter.settle(hold, spender, call)


async def test_calls_are_booked_on_their_tenant_and_thread(make_meter: Make) -> None:
    meter = make_meter()
    await _book(meter)
    await _book(meter, spender=Spender(tenant="t", thread_id="other"))
    await _book(meter, spender=Spender(tenant="u", thread_id="h"))
    assert await meter.spent("t") == Spend(calls=2, input_tokens=20, output_tokens=10, cost=0.5)
    assert await meter.spent("t", thread_id="h") == Spend(calls=1, input_tokens=10, output_tokens=5, cost=0.25)
    assert await meter.spent("nobody") == Spend()


async def test_without_a_limit_there_is_nothing_left_to_tell(make_meter: Make) -> None:
    meter = make_meter()
    await _book(meter)
    assert await meter.left("t", spent=5.0) is None


async def test_what_is_left_is_the_least_of_the_days_and_the_runs(make_meter: Make) -> None:
    meter = make_meter(run=1.0, tenant_per_day=2.0)
    assert await meter.left("t") == 1.0
    assert await meter.left("t", spent=0.75) == 0.25
    for _ in range(6):
        await _book(meter)
    assert await meter.left("t") == 0.5
    assert await meter.left("u") == 1.0


async def test_what_is_set_aside_is_not_left(make_meter: Make) -> None:
    meter = make_meter(tenant_per_day=1.0)
    hold = await meter.reserve("t", 0.75)
    assert hold is not None
    assert await meter.left("t") == pytest.approx(0.25)
    assert await meter.reserve("t", 0.5) is None
    await meter.settle(hold, SPENDER, CALL)
    assert await meter.left("t") == pytest.approx(0.75)
    assert await meter.reserve("t", 0.75) is not None


async def test_side_by_side_no_more_is_set_aside_than_there_is(make_meter: Make) -> None:
    meter = make_meter(tenant_per_day=1.0)
    holds = await asyncio.gather(*(meter.reserve("t", 0.1) for _ in range(30)))
    assert sum(hold is not None for hold in holds) == 10


async def test_a_call_that_costs_nothing_is_let_through(make_meter: Make) -> None:
    meter = make_meter(tenant_per_day=0.1)
    await _book(meter)
    assert (await meter.left("t") or 0) < 0
    assert await meter.reserve("t", 0.0) is not None
    assert await meter.reserve("t", 0.01) is None


async def test_a_new_day_begins_at_midnight_utc(make_meter: Make, clock: Any) -> None:
    meter = make_meter(tenant_per_day=1.0)
    midnight = (clock.now // 86_400 + 1) * 86_400
    clock.now = midnight - 1
    await _book(meter, call=ModelCall(model="m", cost=1.0))
    late = Hold(tenant="t", day="2023-11-14", amount=0.0)
    assert await meter.left("t") == 0.0
    clock.now = midnight
    assert await meter.left("t") == 1.0
    await meter.settle(late, SPENDER, CALL)
    assert await meter.left("t") == 1.0  # what began yesterday goes on yesterday's account
    assert (await meter.spent("t", thread_id="h")).calls == 2


async def test_names_that_look_like_keys_are_kept_apart(make_meter: Make) -> None:
    meter = make_meter(tenant_per_day=1.0)
    await _book(meter, spender=Spender(tenant="a:b", thread_id="c"))
    assert await meter.spent("a", thread_id="b:c") == Spend()
    assert await meter.spent("b") == Spend()
