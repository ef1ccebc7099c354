from citeward.contracts.metering import ModelCall, Spend, Spender
from citeward.models.metering.memory import MemoryMeter


async def test_the_threads_that_were_silent_longest_are_forgotten() -> None:
    meter = MemoryMeter(threads=2)
    for thread in ("one", "two", "one", "three"):
        hold = await meter.reserve("t", 0.0)
        assert hold is not None
        await meter.settle(hold, Spender(tenant="t", thread_id=thread), ModelCall(model="m"))
    kept = {name: await meter.spent("t", thread_id=name) for name in ("one", "two", "three")}
    assert kept == {"one": Spend(calls=2), "two": Spend(), "three": Spend(calls=1)}
