import pytest

from citeward.contracts.metering import Allowance, Spender
from citeward.contracts.model import Message, ModelInfo, ModelRequest, Sampling
from citeward.errors import BudgetSpent
from citeward.models.metering.memory import MemoryMeter
from citeward.models.metering.purse import Purse

ASKED = ModelRequest(messages=(Message(role="user", content="Why?"),), sampling=Sampling(max_tokens=100))
DEAR = ModelInfo(name="dear", output_price=10_000.0)
FREE = ModelInfo(name="free")
NOON = 1_700_000_000 // 86_400 * 86_400 + 43_200


def _purse(*, spent: float = 0.0, **allowance: object) -> Purse:
    meter = MemoryMeter(Allowance(**allowance), clock=lambda: NOON)  # type: ignore[arg-type]
    return Purse(meter, Spender(tenant="t"), spent=spent, clock=lambda: NOON)


async def test_the_most_that_a_call_may_come_to_is_set_aside() -> None:
    hold = await _purse(tenant_per_day=2.0).open("dear", DEAR, ASKED)
    assert hold.amount == pytest.approx(1.0)


async def test_a_spent_day_says_when_the_next_begins() -> None:
    purse = _purse(tenant_per_day=1.5)
    await purse.open("dear", DEAR, ASKED)
    with pytest.raises(BudgetSpent, match=r"dear may cost \$1\.0+, and \$0\.50+ is left to tenant 't'") as caught:
        await purse.open("dear", DEAR, ASKED)
    assert caught.value.retry_after == 43_200
    assert caught.value.status == 429


async def test_a_spent_run_is_not_helped_by_waiting() -> None:
    with pytest.raises(BudgetSpent, match="left to the run") as caught:
        await _purse(run=1.5, spent=1.0).open("dear", DEAR, ASKED)
    assert caught.value.retry_after is None


async def test_where_a_spent_budget_downgrades_what_costs_nothing_goes_on() -> None:
    assert (await _purse(run=1.0, spent=2.0).open("free", FREE, ASKED)).amount == 0.0


async def test_where_a_spent_budget_stops_nothing_goes_on() -> None:
    with pytest.raises(BudgetSpent):
        await _purse(run=1.0, spent=1.0, when_spent="stop").open("free", FREE, ASKED)
    assert (await _purse(run=1.0, spent=0.9, when_spent="stop").open("free", FREE, ASKED)).amount == 0.0
