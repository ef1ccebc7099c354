"""Tools in a whole agent: no value of the user's reaches a remote model by way of what a tool makes of it."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from citeward.contracts.answer import Answer
from citeward.contracts.context import fenced_result
from citeward.contracts.event import Event, Interrupted, ToolCalled
from citeward.contracts.model import Location, ModelInfo
from citeward.contracts.tool import ToolCall
from citeward.graphs.chat import build_chat_graph
from citeward.guardrails.build import build_rails
from citeward.guardrails.table import load_policy
from citeward.nodes.services import Services
from citeward.testing.scripted import ScriptedModel, Turn
from citeward.tools.builtin import builtin_toolset
from citeward.tools.toolset import FunctionToolset, tool
from citeward.tools.wrappers import combined, declared

Make = Callable[..., Awaitable[Services]]
REMOTE = ModelInfo(name="scripted", tools=True, location=Location.REMOTE)
LOCAL = ModelInfo(name="scripted", tools=True, location=Location.LOCAL)
CARD, EMAIL = "4111 1111 1111 1111", "ada@example.org"
QUESTION = f"My card is {CARD}, my mail {EMAIL}."
GIVEN: list[object] = []


def less_one(card: str) -> int:
    """One less than a card's number."""
    GIVEN.append(card)
    return int(card.replace(" ", "")) - 1


def last_digit(card: str) -> str:
    """The last digit of a card's number."""
    return card[-1]


def link(address: str) -> str:
    """A link that names an address."""
    return f"mailto:{quote(address, safe='')}"


def token(address: str) -> dict[str, str]:
    """A token for an address."""
    return {"token": base64.b64encode(f"for {address}!".encode()).decode(), "kind": "bearer"}


@tool(side_effects=True)
def send(address: str) -> str:
    """Send a letter."""
    GIVEN.append(address)
    return f"sent to {address.upper()}"


@tool(personal_data="lookup")
def find(address: str) -> dict[str, object]:
    """Find a customer."""
    return {"mail": address, "customer": "C-88123", "orders": [1201, 1202]}


def fetch(customer: str) -> str:
    """Fetch something."""
    GIVEN.append(customer)
    return "nothing"


@tool(personal_data="masked")
def shout(text: str) -> str:
    """Shout."""
    return text.upper() + "!"


def leaflet() -> str:
    """What others have written."""
    return f"Ask {EMAIL[::-1]} or {EMAIL.encode().hex()}."


TOOLS = [less_one, last_digit, link, token, send, find, fetch, shout, leaflet]


async def _run(
    make: Make, *turns: Turn, info: ModelInfo = REMOTE, raw: bool = False, **changes: Any
) -> tuple[list[Event], Answer, ScriptedModel]:
    GIVEN.clear()
    model = ScriptedModel(*turns, info=info)
    toolset = combined(FunctionToolset(TOOLS), builtin_toolset(["calculate", "current_time"]))
    policy = load_policy()
    rails = build_rails(policy.model_copy(update={"raw_for": (Location.LOCAL,)}) if raw else policy)
    services = replace(await make(model, rails=rails), **{"tools": lambda _: toolset, **changes})
    graph = build_chat_graph(services).compile()
    events: list[Event] = [
        event
        async for event in graph.astream({"question": QUESTION}, stream_mode="custom")  # type: ignore[misc]
    ]
    return events, next(event.answer for event in events if event.type == "answer"), model


def _told(model: ScriptedModel) -> list[str]:
    """What the last request shows of tools' results."""
    return [fenced_result(message.content) for message in model.requests[-1].messages if message.role == "tool"]


@pytest.mark.parametrize(
    ("call", "shown", "answer"),
    [
        (("less_one", "card", "<CREDIT_CARD_1>"), "<RESULT_1>", "4111111111111110"),
        (("last_digit", "card", "<CREDIT_CARD_1>"), "<RESULT_1>", "1"),
        (("link", "address", "<EMAIL_1>"), "mailto:<EMAIL_1>", "mailto:<EMAIL_1>"),
        (("send", "address", "<EMAIL_1>"), "sent to <EMAIL_1>", f"sent to {EMAIL}"),
    ],
)
async def test_a_remote_model_is_shown_no_value_and_the_user_is(
    make_services: Make, call: tuple[str, str, str], shown: str, answer: str
) -> None:
    name, argument, value = call
    asked = ToolCall(id="1", name=name, arguments={argument: value})
    _, given, model = await _run(make_services, asked, f"It says: {shown} .")
    assert _told(model) == [shown]
    assert given.text == f"It says: {answer} ."
    assert "4111" not in str(model.requests) and EMAIL not in str(model.requests).lower()


async def test_the_value_in_base64_is_not_shown_either(make_services: Make) -> None:
    _, answer, model = await _run(
        make_services, ToolCall(id="1", name="token", arguments={"address": "<EMAIL_1>"}), "<ENCODED_EMAIL_1>"
    )
    assert _told(model) == ['{"token":"<ENCODED_EMAIL_1>","kind":"bearer"}']
    assert base64.b64decode(answer.text) == f"for {EMAIL}!".encode()


async def test_a_tool_that_computes_is_given_no_value_and_says_so(make_services: Make) -> None:
    calls = [
        ToolCall(id="1", name="calculate", arguments={"expression": "<CREDIT_CARD_1> - 1"}),
        ToolCall(id="2", name="calculate", arguments={"expression": "2 * 3"}),
        ToolCall(id="3", name="shout", arguments={"text": "Hello <EMAIL_1> and <EMAIL_9>"}),
        ToolCall(id="4", name="shout", arguments={"text": "Hello <EMAIL_9>"}),
    ]
    events, _, model = await _run(make_services, calls, "Hm.")
    told = {m.tool_call_id: fenced_result(m.content) for m in model.requests[1].messages if m.role == "tool"}
    assert told["1"] == (
        "calculate is given no personal data, and its arguments hold <CREDIT_CARD_1>. "
        "Call it without, or answer without the tool."
    )
    assert told["2"] == "6"
    assert "its arguments hold <EMAIL_1>." in told["3"]
    assert "HELLO" in told["4"]
    assert [event.call.id for event in events if isinstance(event, ToolCalled)] == ["2", "4"]
    assert "4111" not in str(model.requests)


async def test_a_dangerous_tool_that_is_given_no_values_asks_nobody(make_services: Make) -> None:
    @tool(dangerous=True, personal_data="masked")
    def wipe(address: str) -> str:
        """Wipe."""
        return "wiped"

    events, answer, _ = await _run(
        make_services,
        ToolCall(id="1", name="wipe", arguments={"address": "<EMAIL_1>"}),
        "Hm.",
        tools=lambda _: FunctionToolset([wipe]),
    )
    assert answer.text == "Hm."
    assert not any(isinstance(event, Interrupted) for event in events)


async def test_what_a_tool_looked_up_is_shown(make_services: Make) -> None:
    _, _, model = await _run(make_services, ToolCall(id="1", name="find", arguments={"address": "<EMAIL_1>"}), "Found.")
    assert _told(model) == ['{"mail":"<EMAIL_1>","customer":"C-88123","orders":[1201,1202]}']


async def test_an_agents_file_may_say_it_of_a_tool(make_services: Make) -> None:
    toolset = declared(FunctionToolset(TOOLS), {"last_digit": "lookup", "send": "masked"})
    calls = [
        ToolCall(id="1", name="last_digit", arguments={"card": "<CREDIT_CARD_1>"}),
        ToolCall(id="2", name="send", arguments={"address": "<EMAIL_1>"}),
    ]
    _, _, model = await _run(make_services, calls, "Hm.", tools=lambda _: toolset)
    assert "1" in _told(model)
    assert any("send is given no personal data" in told for told in _told(model))
    assert GIVEN == []


async def test_a_hidden_result_can_be_given_to_the_next_tool(make_services: Make) -> None:
    _, answer, _ = await _run(
        make_services,
        ToolCall(id="1", name="less_one", arguments={"card": "<CREDIT_CARD_1>"}),
        ToolCall(id="2", name="fetch", arguments={"customer": "no. <RESULT_1>"}),
        "Fetched <RESULT_1>.",
    )
    assert GIVEN == [CARD, "no. 4111111111111110"]
    assert answer.text == "Fetched 4111111111111110."


async def test_a_local_model_that_may_see_values_sees_results_as_they_are(make_services: Make) -> None:
    asked = ToolCall(id="1", name="less_one", arguments={"card": CARD})
    _, answer, model = await _run(make_services, asked, "It is 4111111111111110.", info=LOCAL, raw=True)
    assert _told(model) == ["4111111111111110"]
    assert answer.text == "It is 4111111111111110."


async def test_what_others_wrote_about_the_user_in_another_encoding_is_hidden_too(make_services: Make) -> None:
    _, _, model = await _run(make_services, ToolCall(id="1", name="leaflet"), "Hm.")
    assert _told(model) == ["Ask <ENCODED_EMAIL_1> or <ENCODED_EMAIL_2>."]


async def test_after_an_approval_in_another_process_nothing_more_is_shown(make_services: Make) -> None:
    @tool(dangerous=True)
    def reverse(address: str) -> str:
        """Write an address backwards."""
        return address[::-1]

    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    asked = ToolCall(id="1", name="reverse", arguments={"address": "<EMAIL_1>"})
    model = ScriptedModel(asked, "Hm.", info=REMOTE)
    services = await make_services(model, tools=lambda _: FunctionToolset([reverse]))
    for payload in ({"question": QUESTION}, Command(resume={"approved": ["1"], "unasked": ["1"]})):
        graph = build_chat_graph(services).compile(checkpointer=saver)
        async for _ in graph.astream(payload, config, stream_mode="custom"):  # type: ignore[arg-type, call-overload]
            pass
    assert _told(model) == ["<ENCODED_EMAIL_1>"]
