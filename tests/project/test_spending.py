from contextlib import AsyncExitStack

from citeward.contracts.metering import Allowance
from citeward.contracts.model import ModelInfo
from citeward.models.metering.memory import MemoryMeter
from citeward.models.metering.redis import RedisMeter
from citeward.project.spending import open_meter, routing_budget
from citeward.settings import BudgetSettings, CacheSettings, Settings

FREE, DEAR = ModelInfo(name="free"), ModelInfo(name="dear", output_price=1.0)


async def test_the_books_are_kept_in_this_process_unless_a_server_is_named() -> None:
    async with AsyncExitStack() as stack:
        alone = open_meter(Settings(budget=BudgetSettings(run=0.5)), stack)
        shared = open_meter(Settings(cache=CacheSettings(url="redis://127.0.0.1:1/0")), stack)
        assert isinstance(alone, MemoryMeter)
        assert alone.allowance == Allowance(run=0.5)
        assert isinstance(shared, RedisMeter)


def test_the_router_looks_at_the_budget_where_that_leaves_it_a_model() -> None:
    downgrading, stopping = MemoryMeter(Allowance(run=1.0)), MemoryMeter(Allowance(run=1.0, when_spent="stop"))
    assert routing_budget(downgrading, [FREE, DEAR]) is downgrading
    assert routing_budget(downgrading, [DEAR]) is None
    assert routing_budget(stopping, [FREE, DEAR]) is None
