import os
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from citeward.contracts.metering import Allowance, Meter
from citeward.models.metering.memory import MemoryMeter
from citeward.models.metering.redis import RedisMeter


class Clock:
    """Unix time that a test sets."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
async def make_meter(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Callable[..., Meter]]:
    """Makes a meter with the given allowance; every implementation passes the same tests."""
    url = os.environ.get("CITEWARD_TEST_REDIS")
    if request.param == "redis" and not url:
        pytest.skip("CITEWARD_TEST_REDIS names no Redis server")
    prefix = f"citeward-test-{uuid4().hex}"
    made: list[RedisMeter] = []

    def make(**allowance: object) -> Meter:
        limits = Allowance(**allowance)  # type: ignore[arg-type]
        if request.param == "memory":
            return MemoryMeter(limits, clock=clock)
        made.append(RedisMeter(str(url), limits, prefix=prefix, clock=clock))
        return made[-1]

    yield make
    for meter in made:
        keys = [key async for key in meter._redis.scan_iter(f"{prefix}:*")]
        if keys:
            await meter._redis.delete(*keys)
        await meter.aclose()
