import asyncio
import os
import socket
from uuid import uuid4

import pytest

from citeward.contracts.metering import Allowance, ModelCall, Spender
from citeward.errors import SettingsError, StoreUnavailable
from citeward.models.metering.redis import RedisMeter


@pytest.fixture
def nowhere() -> str:
    """An address on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{taken.getsockname()[1]}/0"


async def test_a_budget_that_cannot_be_asked_for_lets_nothing_through(nowhere: str) -> None:
    meter = RedisMeter(nowhere, Allowance(tenant_per_day=1.0))
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await meter.left("t")
    with pytest.raises(StoreUnavailable):
        await meter.reserve("t", 0.1)
    await meter.aclose()


async def test_without_a_budget_calls_go_on_and_are_kept_to_be_booked(nowhere: str) -> None:
    meter = RedisMeter(nowhere)
    assert await meter.left("t") is None
    hold = await meter.reserve("t", 0.1)
    assert hold is not None
    await meter.settle(hold, Spender(tenant="t"), ModelCall(model="m", cost=0.1))
    await meter.settle(hold, Spender(tenant="t"), ModelCall(model="m", cost=0.2))
    assert [call.cost for _, _, call in meter._owed] == [0.1, 0.2]
    await meter.aclose()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="'localhost:6379'"):
        RedisMeter("localhost:6379")


@pytest.mark.skipif("CITEWARD_TEST_REDIS" not in os.environ, reason="CITEWARD_TEST_REDIS names no Redis server")
async def test_processes_that_share_a_server_share_a_budget() -> None:
    prefix = f"citeward-test-{uuid4().hex}"
    meters = [
        RedisMeter(os.environ["CITEWARD_TEST_REDIS"], Allowance(tenant_per_day=1.0), prefix=prefix) for _ in range(4)
    ]
    holds = await asyncio.gather(*(meter.reserve("t", 0.125) for meter in meters for _ in range(5)))
    taken = [hold for hold in holds if hold is not None]
    assert len(taken) == 8
    for meter, hold in zip(meters * 2, taken, strict=True):
        await meter.settle(hold, Spender(tenant="t", thread_id="h"), ModelCall(model="m", cost=0.0625))
    assert [await meter.left("t") for meter in meters] == [0.5] * 4
    keys = [key async for key in meters[0]._redis.scan_iter(f"{prefix}:*")]
    assert len(keys) == 2
    assert all([await meters[0]._redis.ttl(key) > 86_400 for key in keys])
    await meters[0]._redis.delete(*keys)
    for meter in meters:
        await meter.aclose()
