"""A chain of models against servers that refuse, stall, break off and talk nonsense."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.metering import Allowance
from citeward.contracts.model import Sampling
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import (
    BadResponse,
    BudgetSpent,
    CitewardError,
    ContextTooLong,
    DeadlineExceeded,
    InvalidInput,
    ModelTimeout,
    ModelUnavailable,
    Overloaded,
    RateLimited,
)
from citeward.models.metering.memory import MemoryMeter
from citeward.models.openai_compatible.dialect import GENERIC
from citeward.testing.upstream import Turn
from citeward.text.tokens import estimate_tokens

PIECES = ("The ser", "ver lis", "tens on ", "port 80", "80.")
WHOLE = "".join(PIECES)
GOOD = Turn(text=PIECES)
REST = Turn(text=PIECES, continues=True)
SEARCH = ToolSpec(name="search", description="Search.", parameters={"type": "object", "properties": {}})
CALL = ToolCall(id="1", name="search", arguments={"query": "the port of the server"})

BEFORE = {
    "dropped": Turn(drop=True),
    "silent": Turn(silent=True),
    "stalled": Turn(text=PIECES, stall_at=0),
    "429": Turn(status=429, retry_after=9),
    "500": Turn(status=500),
    "503": Turn(status=503),
    "401": Turn(status=401),
    "404": Turn(status=404),
    "too long": Turn(status=400, message="maximum context length is 12 tokens"),
    "html": Turn(body=b"<html>", content_type="text/html"),
    "garbage": Turn(body=b"\x00\xff\xfe data: \n\nevent:"),
    "no json": Turn(text=PIECES, garbage_at=0),
    "error event": Turn(text=PIECES, error_at=0),
    "empty": Turn(body=b""),
    "cut": Turn(text=PIECES, cut_at=20),
}
AFTER = {
    "cut": Turn(text=PIECES, cut_at=400),
    "stalled": Turn(text=PIECES, stall_at=2),
    "error event": Turn(text=PIECES, error_at=3),
    "no json": Turn(text=PIECES, garbage_at=2),
    "no end": Turn(text=PIECES[:3], finish_reason="", done=False),
    "filtered": Turn(text=PIECES[:2], finish_reason="content_filter"),
}


@pytest.mark.parametrize("fault", BEFORE)
async def test_a_model_that_fails_before_its_first_word_is_replaced_unnoticed(stage: Any, fault: str) -> None:
    await stage.up(BEFORE[fault])
    second = await stage.up(GOOD)
    ear = await stage.ask(timeout=2.0)
    assert ear.text == WHOLE
    ((how, model, reason),) = ear.switches
    assert (how, model) == ("replace", "b")
    assert reason.startswith("a failed (")
    assert "continue_final_message" not in second.requests[0].body


@pytest.mark.parametrize("fault", AFTER)
async def test_after_its_first_word_the_next_model_goes_on_from_what_was_said(stage: Any, fault: str) -> None:
    await stage.up(AFTER[fault])
    second = await stage.up(REST)
    ear = await stage.ask(timeout=2.0)
    assert ear.text == WHOLE
    assert [how for how, _, _ in ear.switches] == ["continue"]
    assert second.requests[0].body["messages"][-1]["role"] == "assistant"


@pytest.mark.parametrize("fault", AFTER)
async def test_under_restart_what_was_said_is_withdrawn(stage: Any, fault: str) -> None:
    await stage.up(AFTER[fault])
    await stage.up(Turn(text=("Port ", "8080.")))
    ear = await stage.ask(policy="restart", timeout=2.0)
    assert ear.text == "Port 8080."
    assert [how for how, _, _ in ear.switches] == ["restart"]


async def test_under_error_the_run_fails_with_the_models_own_error(stage: Any) -> None:
    await stage.up(AFTER["no json"])
    second = await stage.up(GOOD)
    with pytest.raises(BadResponse):
        await stage.ask(policy="error")
    assert second.requests == []


async def test_under_error_a_model_is_still_replaced_before_its_first_word(stage: Any) -> None:
    await stage.up(BEFORE["500"])
    await stage.up(GOOD)
    assert (await stage.ask(policy="error")).text == WHOLE


@pytest.mark.parametrize("again", ["listens on port 8080.", "server listens on port 8080.", WHOLE])
async def test_what_a_model_repeats_of_the_text_is_not_said_twice(stage: Any, again: str) -> None:
    await stage.up(Turn(text=PIECES, error_at=2))
    await stage.up(Turn(text=list(again)), dialect=GENERIC)
    assert (await stage.ask()).text == WHOLE


async def test_a_repetition_that_breaks_off_leaves_nothing_behind(stage: Any) -> None:
    await stage.up(Turn(text=PIECES, error_at=2))
    await stage.up(Turn(text=("The server", "!"), cut_at=190), dialect=GENERIC)
    await stage.up(REST)
    assert (await stage.ask()).text == WHOLE


async def test_text_that_was_held_back_is_neither_lost_nor_doubled(stage: Any) -> None:
    await stage.up(Turn(text=PIECES, error_at=2))
    await stage.up(Turn(text=PIECES, continues=True, error_at=1))
    await stage.up(REST)
    ear = await stage.ask(stage.ear(holds=9))
    assert ear.text == WHOLE


async def test_a_model_of_which_all_was_held_back_is_replaced(stage: Any) -> None:
    await stage.up(Turn(text=PIECES, error_at=2))
    await stage.up(Turn(text=("Port 8080 it is, I say.",)))
    ear = await stage.ask(stage.ear(holds=20))
    assert ear.text == "Port 8080 it is, I say."
    assert [how for how, _, _ in ear.switches] == ["replace"]


async def test_what_fails_after_the_end_of_the_answer_takes_nothing_away(stage: Any) -> None:
    await stage.up(Turn(text=PIECES, usage=None, done=False, cut_at=WHOLE_AND_END))
    second = await stage.up(GOOD)
    ear = await stage.ask()
    assert ear.text == WHOLE
    assert second.requests == []
    (call,) = stage.purse.calls
    assert (call.end, call.estimated) == ("answered", True)
    assert call.tokens.output_tokens > 4


async def test_a_half_streamed_tool_call_is_asked_for_anew(stage: Any) -> None:
    await stage.up(Turn(tool_calls=(CALL,), error_at=4))
    await stage.up(Turn(tool_calls=(CALL,)))
    ear = await stage.ask(tools=(SEARCH,))
    assert "".join(ear.calls) == '{"query": "the port of the server"}'


async def test_a_half_streamed_tool_call_after_text_is_asked_for_anew_too(stage: Any) -> None:
    await stage.up(Turn(text=("Let me look.",), tool_calls=(CALL, CALL), error_at=6))
    await stage.up(Turn(text=("Let me look.",), tool_calls=(CALL,), continues=True))
    ear = await stage.ask(tools=(SEARCH,))
    assert ear.text == "Let me look."
    assert "".join(ear.calls) == '{"query": "the port of the server"}'


async def test_a_whole_tool_call_is_never_asked_for_twice(stage: Any) -> None:
    await stage.up(Turn(tool_calls=(CALL,), usage=None, done=False))
    second = await stage.up(GOOD)
    ear = await stage.ask(tools=(SEARCH,))
    assert "".join(ear.calls) == '{"query": "the port of the server"}'
    assert second.requests == []


async def test_a_guard_that_has_heard_enough_ends_the_call(stage: Any) -> None:
    first = await stage.up(Turn(text=PIECES, pace=0.01))
    ear = await stage.ask(stage.ear(stop_at="server"))
    assert "port" not in ear.text
    await first.idle()
    (call,) = stage.purse.calls
    assert call.end == "answered"


@pytest.mark.parametrize(
    ("turns", "error"),
    [
        ((Turn(status=503), Turn(status=401)), Overloaded),
        ((Turn(status=401), Turn(status=500)), ModelUnavailable),
        ((Turn(status=429, retry_after=30), Turn(status=429, retry_after=7)), RateLimited),
        ((Turn(status=500), Turn(text=PIECES, garbage_at=0)), BadResponse),
        ((Turn(status=400, message="maximum context length is 12 tokens"),) * 2, ContextTooLong),
    ],
)
async def test_where_all_fail_the_error_lists_each_one(
    stage: Any, turns: tuple[Turn, ...], error: type[CitewardError]
) -> None:
    for turn in turns:
        await stage.up(turn)
    with pytest.raises(error) as caught:
        await stage.ask(timeout=5.0)
    assert "a: " in caught.value.message
    assert "; b: " in caught.value.message
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 7


async def test_one_model_alone_fails_with_its_own_error(stage: Any) -> None:
    await stage.up(Turn(status=429, retry_after=3))
    with pytest.raises(RateLimited, match="answered 429") as caught:
        await stage.ask()
    assert caught.value.retry_after == 3


async def test_a_request_that_makes_no_sense_is_put_to_no_second_model(stage: Any) -> None:
    await stage.up(GOOD)
    second = await stage.up(GOOD)
    with pytest.raises(InvalidInput):
        await stage.ask(logprobs=99)
    assert second.requests == []
    assert stage.breakers.why("a") == ""


async def test_a_stalled_model_leaves_time_for_those_after_it(stage: Any) -> None:
    for _ in range(3):
        await stage.up(Turn(silent=True))
    await stage.up(GOOD)
    assert (await stage.ask(timeout=2.0)).text == WHOLE


async def test_a_model_that_speaks_may_speak_past_its_share(stage: Any) -> None:
    await stage.up(Turn(text=tuple("slowly "), pace=0.1))
    second = await stage.up(GOOD)
    ear = await stage.ask(timeout=1.2)
    assert ear.text == "slowly "
    assert second.requests == []


async def test_where_the_time_is_over_the_error_says_what_each_model_did(stage: Any) -> None:
    for _ in range(2):
        await stage.up(Turn(silent=True))
    with pytest.raises(DeadlineExceeded, match=r"a: a fell silent before its first word.*; b: ") as caught:
        await stage.ask(timeout=0.5)
    assert caught.value.retryable


async def test_without_a_deadline_a_models_own_patience_holds(stage: Any) -> None:
    await stage.up(Turn(silent=True), patience=0.2)
    with pytest.raises(ModelTimeout):
        await stage.ask()


async def test_a_model_that_fails_again_and_again_is_skipped(stage: Any) -> None:
    first = await stage.up(Turn(status=500))
    await stage.up(GOOD)
    for _ in range(3):
        await stage.ask()
    ear = await stage.ask()
    assert len(first.requests) == 3
    assert ear.switches == [("replace", "b", ear.switches[0][2])]
    assert ear.switches[0][2] == "a is left alone for 30 s more: it failed 3 times in a row (model_unavailable)"
    assert ear.text == WHOLE


async def test_a_model_that_is_left_alone_is_asked_where_no_other_is_left(stage: Any) -> None:
    await stage.up(Turn(status=429, retry_after=60), GOOD)
    await stage.up(GOOD, Turn(status=500))
    await stage.ask()
    ear = await stage.ask()
    assert ear.text == WHOLE
    assert [model for _, model, _ in ear.switches] == ["b", "a"]


async def test_what_was_said_counts_against_the_longest_answer(stage: Any) -> None:
    await stage.up(Turn(text=PIECES, error_at=2))
    second = await stage.up(REST)
    await stage.ask(sampling=Sampling(max_tokens=50))
    assert 40 < second.requests[0].body["max_tokens"] < 50


async def test_a_cancelled_call_is_booked_and_leaves_its_breaker_alone(stage: Any) -> None:
    server = await stage.up(Turn(text=PIECES, stall_at=3), price=1e6)
    ear = stage.ear()
    task = asyncio.create_task(stage.ask(ear))
    await ear.third.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.idle()
    (call,) = stage.purse.calls
    assert (call.end, call.estimated) == ("cancelled", True)
    assert call.tokens.output_tokens == estimate_tokens("".join(PIECES[:3]))
    assert (await stage.meter.spent("t")).cost == call.cost > 0
    assert stage.breakers.why("a") == ""


async def test_every_call_is_booked_with_what_it_cost(stage: Any) -> None:
    await stage.up(Turn(status=500), price=2.0)
    await stage.up(AFTER["no end"], price=2.0)
    await stage.up(REST, price=3.0)
    await stage.ask()
    refused, broken, whole = stage.purse.calls
    assert (refused.end, refused.error, refused.cost, refused.estimated) == ("failed", "model_unavailable", 0.0, False)
    assert (broken.end, broken.tokens.output_tokens, broken.estimated) == ("failed", 5, False)
    assert whole.cost == pytest.approx((10 + 5) * 3.0 / 1e6)
    assert whole.first_token_ms is not None
    assert (await stage.meter.spent("t")).calls == 3
    assert (await stage.meter.spent("t", thread_id="h")).cost == pytest.approx(broken.cost + whole.cost)


async def test_a_spent_budget_leaves_the_models_that_cost_nothing(stage: Any) -> None:
    stage.meter = MemoryMeter(Allowance(run=1.0))
    dear = await stage.up(GOOD, price=10_000.0)
    await stage.up(GOOD)
    ear = await stage.ask(spent=0.5)
    assert dear.requests == []
    assert ear.switches == [("replace", "b", "a was left out (budget_spent)")]


async def test_one_budget_holds_for_the_whole_chain(stage: Any) -> None:
    stage.meter = MemoryMeter(Allowance(run=1.0))
    sampling = Sampling(max_tokens=20)
    await stage.up(Turn(text=PIECES[:2], usage=(10, 20), finish_reason="", done=False), price=25_000.0)
    second = await stage.up(REST, price=25_000.0)
    with pytest.raises(BadResponse, match=r"a: .*; b: b may cost"):
        await stage.ask(sampling=sampling)
    assert second.requests == []


@pytest.mark.parametrize("price", [0.0, 1.0])
async def test_a_spent_budget_stops_the_run_where_it_is_told_to(stage: Any, price: float) -> None:
    stage.meter = MemoryMeter(Allowance(run=1.0, when_spent="stop"))
    server = await stage.up(GOOD, price=price)
    with pytest.raises(BudgetSpent, match="left to the run") as caught:
        await stage.ask(spent=1.0)
    assert server.requests == []
    assert caught.value.retry_after is None


def _cut_point(end: bool) -> int:
    """Bytes of a stream of `PIECES` up to the end of its text, or of its finish reason."""
    from citeward.testing.upstream import Upstream

    turn = Turn(text=PIECES, usage=None, done=False, finish_reason=None if end else "")
    return sum(map(len, Upstream(turn)._events(turn)))


WHOLE_AND_END = _cut_point(True)


@given(
    pieces=st.lists(st.text("na o\né<", min_size=1, max_size=5), min_size=1, max_size=8),
    cuts=st.lists(st.integers(1, 1600), min_size=1, max_size=2),
    holds=st.integers(0, 12),
    policy=st.sampled_from(["continue", "restart"]),
)
@settings(max_examples=60, deadline=None)
async def test_for_every_split_and_every_cut_nothing_is_lost_or_said_twice(
    pieces: list[str], cuts: list[int], holds: int, policy: str, stage_type: Any
) -> None:
    async with AsyncExitStack() as stack:
        stage = stage_type(stack)
        for cut in cuts:
            await stage.up(Turn(text=pieces, continues=True, cut_at=cut))
        await stage.up(Turn(text=pieces, continues=True))
        ear = await stage.ask(stage.ear(holds=holds), policy=policy)
    assert ear.text == "".join(pieces)


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("It l", "listens on port 8080."),
        ("日本語の文", "文章です。"),
        ("no no no", " no no no"),
        ("It is on", " on the roof."),
    ],
)
async def test_where_it_cannot_be_told_what_a_model_repeats_it_begins_the_answer_again(
    stage: Any, said: str, again: str
) -> None:
    await stage.up(Turn(text=(said, "!"), error_at=1))
    second = await stage.up(Turn(text=list(again)), Turn(text=("A whole ", "answer.")), dialect=GENERIC)
    ear = await stage.ask()
    assert ear.text == "A whole answer."
    assert [(how, model) for how, model, _ in ear.switches] == [("continue", "b"), ("restart", "b")]
    assert ear.switches[1][2] == "what b repeated of the text could not be told"
    # Asked anew, it is shown nothing of what was withdrawn.
    assert [message["role"] for message in second.requests[1].body["messages"]] == ["user"]
    assert [(call.model, call.end) for call in stage.purse.calls] == [
        ("a", "failed"),
        ("b", "cancelled"),
        ("b", "answered"),
    ]


async def test_a_model_that_fails_when_it_begins_again_is_followed_by_the_next(stage: Any) -> None:
    await stage.up(Turn(text=("It l", "!"), error_at=1))
    await stage.up(Turn(text=("listens on",)), Turn(status=503), dialect=GENERIC)
    await stage.up(Turn(text=PIECES), dialect=GENERIC)
    ear = await stage.ask()
    assert ear.text == WHOLE
    assert [(how, model) for how, model, _ in ear.switches] == [("continue", "b"), ("restart", "b"), ("replace", "c")]
