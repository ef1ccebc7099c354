import asyncio

import pytest

from citeward.contracts.tool import ToolSpec
from citeward.errors import BadResponse, ModelUnavailable
from citeward.models.needle.decider import LONGEST, NeedleDecider

CALCULATE = ToolSpec(
    name="calculate",
    description="Calculate an arithmetic expression.",
    parameters={
        "type": "object",
        "required": ["expression"],
        "properties": {
            "expression": {
                "type": "string",
                "pattern": r"\d\s*([-+*/%^!]|of|times)",
                "description": "The full arithmetic expression copied word for word, e.g. '12 times 7'.",
            }
        },
    },
)
CLOCK = ToolSpec(
    name="current_time",
    description="The current date and time of day in a city or time zone.",
    parameters={
        "type": "object",
        "properties": {"timezone": {"type": "string", "default": "UTC", "description": "A city such as 'Tokyo'."}},
    },
)


@pytest.fixture(scope="module")
def decider():
    try:
        made = NeedleDecider(timeout=120)
    except ModelUnavailable:
        pytest.skip("the extra 'needle' is not installed")
    yield made
    made.close()


async def decided(decider, question: str) -> list[tuple[str, dict]]:
    return [(call.name, dict(call.arguments)) for call in await decider.decide(question, [CALCULATE, CLOCK])]


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("What is 17% of 2,340?", [("calculate", {"expression": "17% of 2,340"})]),
        ("Work out (19 + 6) / 5", [("calculate", {"expression": "(19 + 6) / 5"})]),
        ("What time is it in Tokyo?", [("current_time", {"timezone": "Tokyo"})]),
        ("What nationality is Hoesung Lee?", []),
        ("Who received a bid in 1915?", []),
        ("What is another term for rotors?", []),
    ],
)
async def test_it_calls_what_a_question_needs_and_nothing_else(decider, question, calls):
    assert await decided(decider, question) == calls


async def test_each_call_has_an_id_of_its_own(decider):
    first, second = [await decider.decide("What time is it in Tokyo?", [CLOCK]) for _ in range(2)]
    assert first[0].id != second[0].id


async def test_questions_at_once_wait_their_turn_and_do_not_mix(decider):
    cities = ["Tokyo", "Paris", "Berlin", "Sydney"]
    found = await asyncio.gather(*(decided(decider, f"What time is it in {city}?") for city in cities))
    assert found == [[("current_time", {"timezone": city})] for city in cities]


async def test_a_question_given_up_does_not_disturb_the_next(decider):
    task = asyncio.create_task(decided(decider, "What time is it in Paris?"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await decided(decider, "What time is it in Tokyo?") == [("current_time", {"timezone": "Tokyo"})]


@pytest.mark.parametrize("question", ["", "   ", "3 + 4 " * LONGEST, "今何時ですか"])
async def test_what_is_no_request_calls_nothing(decider, question):
    assert await decided(decider, question) == []


async def test_with_no_tools_nothing_is_called(decider):
    assert await decider.decide("What is 3 + 4?", []) == []


@pytest.mark.parametrize("question", ["3 + \ud83d?", "\x00", "Füße & 時間?", '"}]{["', "<|end|>"])
async def test_odd_questions_are_survived(decider, question):
    offered = {CALCULATE.name, CLOCK.name}
    assert {call.name for call in await decider.decide(question, [CALCULATE, CLOCK])} <= offered


async def test_tools_too_large_to_be_told_are_an_error(decider):
    vast = ToolSpec(
        name="vast",
        description="Vast.",
        parameters={"properties": {f"argument_{n}": {"description": "many words " * 50} for n in range(400)}},
    )
    with pytest.raises(BadResponse, match="refused the question"):
        await decider.decide("do it", [vast])
