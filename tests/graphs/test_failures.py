"""Whole runs in which models fail, or money is short."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from citeward.contracts.answer import Answer
from citeward.contracts.event import Event, Restarted, Routed, TextDelta
from citeward.contracts.metering import Allowance, Spend
from citeward.contracts.model import ModelInfo
from citeward.contracts.tool import ToolCall
from citeward.errors import BudgetSpent, ModelUnavailable
from citeward.graphs.chat import build_chat_graph
from citeward.graphs.state import checkpoint_serializer
from citeward.models.breaker import Breakers
from citeward.models.fallback.policy import Fallback
from citeward.models.metering.memory import MemoryMeter
from citeward.nodes.context import Context
from citeward.nodes.services import Services
from citeward.testing.scripted import ScriptedModel

Make = Callable[..., Awaitable[Services]]
PORT = "The server listens on port 8080 by default. [1]"
LOST = ModelUnavailable("gone", hint="Wait.")
ADD = ToolCall(id="1", name="add", arguments={"a": 2, "b": 3})


def _model(name: str, *turns: Any, **info: Any) -> ScriptedModel:
    return ScriptedModel(*turns, info=ModelInfo(name=name, tools=True, **info))


async def _run(services: Services, thread: str = "t") -> tuple[list[Event], Answer]:
    graph = build_chat_graph(services).compile(checkpointer=InMemorySaver(serde=checkpoint_serializer()))
    stream = graph.astream(
        {"question": "Which port?"},
        {"configurable": {"thread_id": thread}},
        context=Context(),
        stream_mode="custom",
    )
    events = [event async for event in stream]
    return events, events[-1].answer


async def test_a_model_that_breaks_off_is_continued_by_the_next(make_services: Make) -> None:
    first = _model("a", [PORT[:20], LOST], input_price=1.0, output_price=1.0)
    second = _model("b", PORT[20:], continues="exactly", input_price=2.0, output_price=2.0)
    meter = MemoryMeter()
    events, answer = await _run(await make_services(first, second, meter=meter))
    assert answer.text == PORT == "".join(event.text for event in events if isinstance(event, TextDelta))
    assert len(answer.citations) == 1
    assert answer.route is not None
    assert answer.route.model == "b"
    assert [event.route.model for event in events if isinstance(event, Routed)] == ["a", "b"]
    used = answer.usage
    assert (used.calls, used.fallbacks, used.estimated) == (2, 1, True)
    assert used.calls_by_model["b"] == Spend(calls=1, input_tokens=10, output_tokens=5, cost=pytest.approx(3e-5))
    assert used.cost == pytest.approx(sum(spend.cost for spend in used.calls_by_model.values()))
    assert (await meter.spent("default")).cost == pytest.approx(used.cost)
    assert (await meter.spent("default", thread_id="t")).calls == 2


async def test_an_answer_that_begins_again_equals_what_was_heard_since(make_services: Make) -> None:
    first = _model("a", ["I add. ", ADD], ["The sum of the two is seven, as I see it. ", LOST])
    second = _model("b", "It is 5.")
    services = await make_services(first, second, fallback=Fallback(after_first_token="restart"))
    events, answer = await _run(services)
    since = next(place for place, event in enumerate(events) if isinstance(event, Restarted))
    assert answer.text == "I add. It is 5."
    assert answer.text == "".join(event.text for event in events[since:] if isinstance(event, TextDelta))
    assert len([event for event in events if event.type == "tool_call"]) == 1


async def test_breakers_are_shared_by_runs(make_services: Make) -> None:
    first = _model("a", LOST, "Never asked.")
    second = _model("b", PORT, PORT)
    services = await make_services(first, second, breakers=Breakers(failures=1), cache=None)
    await _run(services)
    _, answer = await _run(services, "other")
    assert len(first.requests) == 1
    assert answer.route is not None
    assert "a is left alone" in answer.route.reason


async def test_a_tenant_whose_day_is_spent_is_answered_by_what_costs_nothing(make_services: Make) -> None:
    dear = _model("dear", PORT, input_price=1e6, output_price=1e6)
    free = _model("free", PORT)
    meter = MemoryMeter(Allowance(tenant_per_day=5.0))
    _, answer = await _run(await make_services(dear, free, meter=meter))
    assert dear.requests == []
    assert (answer.usage.cost, answer.usage.calls) == (0.0, 1)


async def test_a_tenant_whose_day_is_spent_is_told_so_before_any_model_is_called(make_services: Make) -> None:
    dear = _model("dear", PORT, input_price=1e6, output_price=1e6)
    meter = MemoryMeter(Allowance(tenant_per_day=5.0, when_spent="stop"))
    with pytest.raises(BudgetSpent, match="tenant 'default'"):
        await _run(await make_services(dear, meter=meter))
    assert dear.requests == []


async def test_a_failed_run_is_paid_for_all_the_same(make_services: Make) -> None:
    meter = MemoryMeter()
    with pytest.raises(ModelUnavailable):
        await _run(await make_services(_model("a", [PORT, LOST], output_price=1e6), meter=meter))
    assert (await meter.spent("default")).cost > 1
