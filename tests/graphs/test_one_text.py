"""A turn of several model calls in a whole agent: one guarded text, also over an approval and in another process."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.event import Event, Restarted, TextDelta
from citeward.contracts.guardrail import Action
from citeward.contracts.model import ModelInfo
from citeward.contracts.tool import ToolCall
from citeward.errors import ModelUnavailable
from citeward.graphs.chat import build_chat_graph
from citeward.graphs.state import checkpoint_serializer
from citeward.guardrails.build import build_rails
from citeward.guardrails.table import Policy
from citeward.models.fallback.policy import Fallback
from citeward.models.router.rules import RuleRouter
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.testing.scripted import ScriptedModel, Turn

Make = Callable[..., Awaitable[Services]]
RULES = "You are the keeper of this guide and never tell anybody which colour the sky has in it."
KEY = "sk-Harbour_7Kq42-xYz"
PROMPT = Template.model_validate(
    {
        "name": "t",
        "version": "1",
        "variables": ["passages"],
        "messages": [{"role": "system", "content": RULES + "\n{{passages}}"}],
    }
)
SPANS = {
    "e-mail": ("grace.hopper@navy-yard.org", "[EMAIL]"),
    "card": ("4111 1111 1111 1111", "[CREDIT_CARD]"),
    "key": ("ghp_" + "a1B2" * 9, "[GITHUB_TOKEN]"),
    "address": ("https://evil.io/?q=harbour", "[link removed]"),
    "prompt": (RULES, "[withheld]."),
    "secret": (KEY, "[withheld]"),
}
EACH = pytest.mark.parametrize(("span", "instead"), SPANS.values(), ids=SPANS)
ADD = ToolCall(id="1", name="add", arguments={"a": 2, "b": 3})
LAUNCH = ToolCall(id="1", name="launch", arguments={"target": "mars"})


async def _run(
    services: Services, payload: Any = "Which port?", **compiled: Any
) -> tuple[list[Event], Answer | None, dict[str, Any]]:
    graph = build_chat_graph(services).compile(**compiled)
    config: Any = {"configurable": {"thread_id": "t"}}
    asked = payload if isinstance(payload, Command) else {"question": payload}
    events: list[Event] = [event async for event in graph.astream(asked, config, stream_mode="custom")]  # type: ignore[arg-type, misc]
    state = (await graph.aget_state(config)).values if compiled else {}
    return events, next((event.answer for event in events if event.type == "answer"), None), state


def _shown(events: list[Event]) -> str:
    text = ""
    for event in events:
        text = "" if isinstance(event, Restarted) else text + event.text if isinstance(event, TextDelta) else text
    return text


async def _services(make: Make, *turns: Turn, **changes: Any) -> Services:
    return await make(ScriptedModel(*turns), prompt=PROMPT, rails=build_rails(secrets=[KEY]), **changes)


def _saying(services: Services, *turns: Turn) -> tuple[Services, ScriptedModel]:
    model = ScriptedModel(*turns)
    return replace(services, models={"scripted": model}, cache=None), model


@EACH
async def test_a_span_in_two_model_calls_does_not_leave(make_services: Make, span: str, instead: str) -> None:
    services = await _services(make_services)
    text = f"Write to {span} now."
    for at in range(10, 9 + len(span), 3):
        services, _ = _saying(services, [text[:at], ADD], text[at:])
        events, answer, _ = await _run(services)
        assert answer is not None
        assert answer.text == _shown(events) == f"Write to {instead} now."
        assert len({verdict.guard for verdict in answer.verdicts} - {"grounding"}) == 1


@EACH
async def test_a_span_in_four_calls_of_which_one_waits_for_a_person_does_not_leave(
    make_services: Make, span: str, instead: str
) -> None:
    text = f"Write to {span} now."
    cut, third = len(span) // 3, 9 + 2 * (len(span) // 3)
    first = [text[: 9 + cut], LAUNCH]
    base = await _services(make_services)
    saver = InMemorySaver(serde=checkpoint_serializer())
    services, _ = _saying(base, first)
    before, answer, state = await _run(services, checkpointer=saver)
    assert answer is None
    assert "Write to ".startswith(_shown(before))
    assert span[:cut] not in str(state)  # tracers and debug output are shown what `str` shows
    # Another process goes on: nothing is left of the first one but the checkpoint.
    services, model = _saying(base, [text[9 + cut : third], ADD], ToolCall(id="9", name="add"), text[third:])
    after, answer, state = await _run(services, Command(resume={"approved": ["1"]}), checkpointer=saver)
    assert answer is not None
    assert answer.text == _shown(before + after) == f"Write to {instead} now."
    # The model reads its own words; the thread has what was released.
    (read,) = [m.content for m in model.requests[0].messages if m.role == "assistant"]
    assert read == text[: 9 + cut] or read.startswith("Write to [")
    said = [message.text for message in state["messages"] if message.type == "ai"]
    assert "".join(said) == answer.text
    assert state["unfinished"] is None


async def test_ordinary_text_stays_with_the_call_that_said_it(make_services: Make) -> None:
    services, model = _saying(await _services(make_services), ["Let me add that up", ADD], ": it is five.")
    _, answer, state = await _run(services, checkpointer=InMemorySaver())
    assert answer is not None
    assert answer.text == "Let me add that up: it is five."
    assert [m.text for m in state["messages"] if m.type == "ai"] == ["Let me add that up", ": it is five."]
    assert [m.content for m in model.requests[1].messages if m.role == "assistant"] == ["Let me add that up"]


async def test_what_is_held_back_leaves_when_the_last_call_says_nothing(make_services: Make) -> None:
    services, _ = _saying(await _services(make_services), ["Let me add that up", ADD], "")
    events, answer, _ = await _run(services)
    assert answer is not None
    assert answer.text == _shown(events) == "Let me add that up"


async def test_what_a_tool_gave_in_between_may_complete_a_word_that_was_begun(make_services: Make) -> None:
    call = ToolCall(id="1", name="launch", arguments={"target": "help@example.com"})
    services, _ = _saying(await _services(make_services), ["It was sent to help@exam", call], "ple.com.")
    saver = InMemorySaver(serde=checkpoint_serializer())
    before, _, _ = await _run(services, "Whom do I write to about the port?", checkpointer=saver)
    after, answer, _ = await _run(services, Command(resume={"approved": ["1"], "unasked": ["1"]}), checkpointer=saver)
    assert answer is not None
    assert answer.text == _shown(before + after) == "It was sent to help@example.com."


@pytest.mark.parametrize("rest", ["", ".uk now."])
async def test_text_that_is_blocked_ends_the_turn_as_soon_as_it_is_decided(make_services: Make, rest: str) -> None:
    rails = build_rails(
        Policy.model_validate({"version": 1, "guards": [{"name": "pii", "origins": {"model": {"block": 0.4}}}]})
    )
    model = ScriptedModel(["Write to eve@example.net", ADD], rest)
    events, answer, _ = await _run(await make_services(model, prompt=PROMPT, rails=rails))
    assert answer is not None
    assert answer.outcome is Outcome.BLOCKED
    assert answer.text == _shown(events)
    assert "eve" not in answer.text
    assert [verdict.action for verdict in answer.verdicts] == [Action.BLOCK]


@pytest.mark.parametrize("policy", ["continue", "restart"])
async def test_a_model_that_fails_in_the_second_call_leaves_the_first_ones_text_as_it_is(
    make_services: Make, policy: str
) -> None:
    lost = ModelUnavailable("gone", hint="Wait.")
    first = ScriptedModel(
        ["Write to grace.hopper@na", ADD], ["vy-yard.org now. I th", lost], info=ModelInfo(name="a", tools=True)
    )
    second = ScriptedModel(
        "ink so." if policy == "continue" else "vy-yard.org now. I think so.",
        info=ModelInfo(name="b", tools=True, continues="exactly" if policy == "continue" else "never"),
    )
    services = await make_services(first, second, prompt=PROMPT)
    services = replace(
        services,
        router=RuleRouter({name: model.info for name, model in services.models.items()}),
        fallback=Fallback(after_first_token=policy),  # type: ignore[arg-type]
    )
    events, answer, _ = await _run(services)
    assert answer is not None
    assert answer.text == _shown(events) == "Write to [EMAIL] now. I think so."
    assert ("restarted" in [event.type for event in events]) == (policy == "restart")


async def test_a_sentence_in_two_calls_is_cited_as_one(make_services: Make) -> None:
    said = ["The server listens on port ", ADD], "8080 by default. [1]"
    services, _ = _saying(await _services(make_services), *said)
    events, answer, _ = await _run(services, "Which port is the default?")
    assert answer is not None
    (citation,) = answer.citations
    assert answer.text[citation.start : citation.end] == "The server listens on port 8080 by default. [1]"
    assert [event.type for event in events if event.type in ("delta", "citation")][-1] == "citation"
