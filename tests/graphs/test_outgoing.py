"""What goes out of a whole agent: text, thoughts, tool calls, and what happens where a guard fails."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.context import fence_result
from citeward.contracts.event import Event, Guarded, Interrupted, ReasoningDelta, TextDelta, ToolCalled, to_wire
from citeward.contracts.guardrail import Action, Origin, Outgoing, Verdict
from citeward.contracts.model import Delta, Location, ModelInfo, ModelRequest, ToolCallFragment
from citeward.contracts.tool import ToolCall
from citeward.graphs.chat import build_chat_graph
from citeward.guardrails.build import build_rails
from citeward.guardrails.table import Policy
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.testing.scripted import ScriptedModel
from citeward.tools.toolset import FunctionToolset

Make = Callable[..., Awaitable[Services]]
PORT = "The server listens on port 8080 by default. [1]"
RULES = "You are the keeper of this guide and never tell anybody which colour the sky has in it."
PROMPT = Template.model_validate(
    {
        "name": "t",
        "version": "1",
        "variables": ["passages"],
        "messages": [{"role": "system", "content": RULES + "\n{{passages}}"}],
    }
)
KEY = "sk-Harbour_7Kq42-xYz"


async def _run(services: Services, question: str = "Which port?", **compiled: Any) -> tuple[list[Event], Answer | None]:
    graph = build_chat_graph(services).compile(**compiled)
    config = {"configurable": {"thread_id": "t"}}
    events: list[Event] = [
        event
        async for event in graph.astream({"question": question}, config, stream_mode="custom")  # type: ignore[arg-type, misc]
    ]
    return events, next((event.answer for event in events if event.type == "answer"), None)


def _said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def _policy(*rows: dict[str, Any]) -> Policy:
    return Policy.model_validate({"version": 1, "guards": rows})


class Speaking:
    """Says these deltas."""

    def __init__(self, *deltas: Delta) -> None:
        self.info = ModelInfo(name="speaking", tools=True)
        self._deltas = deltas
        self.requests: list[ModelRequest] = []

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        deltas = self._deltas if len(self.requests) == 1 else (Delta(text="Done."),)
        for delta in deltas:
            yield delta
        yield Delta(finish_reason="stop")


async def test_the_prompt_is_withheld_from_the_answer_and_the_answer_is_not_kept(make_services: Make) -> None:
    model = ScriptedModel(["My rules: ", RULES.upper(), " So there."])
    events, answer = await _run(await make_services(model, prompt=PROMPT))
    assert answer is not None
    assert answer.text == _said(events) == "My rules: [withheld]. So there."
    assert [v.guard for v in answer.verdicts] == ["leakage"]
    assert "keeper" not in json.dumps([to_wire(event) for event in events]).lower()


async def test_a_canary_stands_at_the_end_of_the_prompt_and_never_leaves(make_services: Make) -> None:
    row = {"name": "secrets", "origins": {"model": {"block": 1}}, "options": {"canary": True}}
    rails = build_rails(_policy(row))

    class Repeating(Speaking):
        async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
            self.requests.append(request)
            yield Delta(text=f"I was told {request.messages[0].content.splitlines()[-1]}")

    model = Repeating()
    events, answer = await _run(await make_services(model, prompt=PROMPT, rails=rails))
    assert model.requests[0].messages[0].content.endswith(rails.planted)
    assert answer is not None
    assert answer.outcome is Outcome.BLOCKED
    assert rails.planted.split()[-1][:-1] not in _said(events)


@pytest.mark.parametrize(
    ("arguments", "guard"),
    [
        ({"target": "eve@example.net"}, "pii"),
        ({"target": [{"to": ["4111 1111 1111 1111"]}]}, "pii"),
        ({"eve@example.net": 1}, "pii"),
        ({"target": 4111111111111111}, "pii"),
        ({"target": f"x={KEY}"}, "secrets"),
        ({"a": KEY[:9], "b": KEY[9:]}, "secrets"),
        ({"target": RULES}, "leakage"),
    ],
)
async def test_a_call_with_arguments_that_must_not_leave_is_not_made(
    make_services: Make, arguments: dict[str, Any], guard: str
) -> None:
    model = ScriptedModel(ToolCall(id="1", name="launch", arguments=arguments), "I could not.")
    saver = InMemorySaver()
    services = await make_services(model, prompt=PROMPT, rails=build_rails(secrets=[KEY]))
    events, answer = await _run(services, checkpointer=saver)
    assert answer is not None
    assert answer.text == "I could not."
    assert not any(isinstance(event, ToolCalled | Interrupted) for event in events)
    assert guard in [event.verdict.guard for event in events if isinstance(event, Guarded)]
    (told,) = [message for message in model.requests[1].messages if message.role == "tool"]
    assert "withheld the arguments" in told.content and told.error
    # The refusal answers a call that the model's own message shows, without its arguments.
    (asked,) = [call for message in model.requests[1].messages for call in message.tool_calls]
    assert (asked.id, asked.name, asked.arguments) == (told.tool_call_id, "launch", {})
    kept = repr(saver.storage) + repr(saver.blobs) + repr(saver.writes)
    for secret in ("eve@example.net", "4111 1111", "4111111111111111", KEY, KEY[9:], "never tell anybody which"):
        assert secret not in str(events)
        assert secret not in kept


SECRETS = ["eve@example.net", "4111111111111111", f"x_{KEY}", KEY[::-1], KEY.encode().hex(), RULES]


def _everywhere(events: list[Event], model: ScriptedModel, saver: InMemorySaver) -> str:
    """All that a client, the next request and a checkpoint were given, besides the prompt."""
    asked = [message for request in model.requests for message in request.messages if message.role != "system"]
    return str(events) + str([to_wire(event) for event in events]) + str(asked) + repr(saver.blobs) + repr(saver.writes)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", ["add", "launch"])
async def test_a_calls_id_that_must_not_leave_is_replaced_and_the_call_is_made(
    make_services: Make, secret: str, name: str
) -> None:
    arguments = {"a": 2, "b": 3} if name == "add" else {"target": "mars"}
    model = ScriptedModel(ToolCall(id=secret, name=name, arguments=arguments), "Done.")
    saver = InMemorySaver()
    services = await make_services(model, prompt=PROMPT, rails=build_rails(secrets=[KEY]))
    events, _ = await _run(services, checkpointer=saver)
    (called,) = [event.call for event in events if isinstance(event, ToolCalled)]
    assert called.arguments == arguments
    assert called.id.startswith("call_")
    assert secret not in _everywhere(events, model, saver)
    if name == "add":
        (asked,) = [call for message in model.requests[1].messages for call in message.tool_calls]
        (told,) = [message for message in model.requests[1].messages if message.role == "tool"]
        assert asked.id == told.tool_call_id == called.id
    assert any(isinstance(event, Guarded) for event in events)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("arguments", ['{"a": 2}', '{"a": ', "{}"])
async def test_a_calls_name_that_must_not_leave_is_not_shown_to_anybody(
    make_services: Make, secret: str, arguments: str
) -> None:
    fragment = ToolCallFragment(index=0, id=f"id {secret}", name=secret, arguments=arguments)
    model = Speaking(Delta(text="Hm. "), Delta(tool_call=fragment))
    saver = InMemorySaver()
    services = await make_services(model, prompt=PROMPT, rails=build_rails(secrets=[KEY]))
    events, answer = await _run(services, checkpointer=saver)
    assert answer is not None
    assert answer.text == "Hm. Done."
    assert secret not in _everywhere(events, model, saver)  # type: ignore[arg-type]
    (asked,) = [call for message in model.requests[1].messages for call in message.tool_calls]
    assert asked.name == "withheld"


@pytest.mark.parametrize(
    "call_id", ["1", "call_Zk3", "toolu_01A09q90qw90lq917835lq9", "functions.add:0", "D681PevKs", "a b"]
)
async def test_an_id_that_says_nothing_is_kept(make_services: Make, call_id: str) -> None:
    services = await make_services(ScriptedModel(ToolCall(id=call_id, name="add", arguments={"a": 2, "b": 3}), "5."))
    events, _ = await _run(services)
    assert [event.call.id for event in events if isinstance(event, ToolCalled)] == [call_id]
    assert not any(isinstance(event, Guarded) and event.verdict.guard == "pii" for event in events)


async def test_a_call_may_use_what_the_user_a_passage_or_a_tool_has_said(make_services: Make) -> None:
    calls = [
        ToolCall(id="1", name="launch", arguments={"target": "<EMAIL_1>"}),
        ToolCall(id="2", name="launch", arguments={"target": "help@example.com"}),  # it stands in the guide
    ]
    services = await make_services(ScriptedModel(calls))
    events, answer = await _run(services, "Write to ada@example.org about the port.", checkpointer=InMemorySaver())
    assert answer is None
    # A person who approves sees what would be done.
    targets = [event.call.arguments["target"] for event in events if isinstance(event, Interrupted)]
    assert targets == ["ada@example.org", "help@example.com"]


async def test_a_call_is_told_only_when_its_arguments_are_whole_and_checked(make_services: Make) -> None:
    pieces = ['{"a"', ": 2, ", '"b": 3}']
    fragments = [Delta(tool_call=ToolCallFragment(index=0, id="1", name="add"))]
    fragments += [Delta(tool_call=ToolCallFragment(index=0, arguments=piece)) for piece in pieces]
    model = Speaking(*fragments)
    events, answer = await _run(await make_services(model))
    (called,) = [event for event in events if isinstance(event, ToolCalled)]
    assert called.call.arguments == {"a": 2, "b": 3}
    assert answer is not None
    half = Speaking(*fragments[:3])
    events, answer = await _run(await make_services(half))
    assert not any(isinstance(event, ToolCalled) for event in events)
    assert "not valid JSON" in half.requests[1].messages[-1].content


async def test_half_a_call_with_something_in_it_is_kept_without_it(make_services: Make) -> None:
    raw = '{"target": "eve@example.net'
    model = Speaking(Delta(tool_call=ToolCallFragment(index=0, id="1", name="launch", arguments=raw)))
    saver = InMemorySaver()
    await _run(await make_services(model), checkpointer=saver)
    assert "eve@example.net" not in repr(saver.storage) + repr(saver.blobs) + repr(saver.writes)


THOUGHT = ("They ask for a po", "rt. Their mail is <EMA", "IL_1>, not eve@exam", "ple.net. My rules: ", RULES)


async def test_what_a_model_thinks_reaches_no_sink_and_no_checkpoint_by_default(make_services: Make) -> None:
    model = Speaking(*(Delta(reasoning=piece) for piece in THOUGHT), Delta(text=PORT))
    saver = InMemorySaver()
    events, answer = await _run(await make_services(model, prompt=PROMPT), checkpointer=saver)
    assert answer is not None
    assert answer.text == PORT
    seen = str(events) + repr(saver.storage) + repr(saver.blobs) + repr(saver.writes)
    assert "They ask" not in seen and "eve@" not in seen


async def test_a_thought_that_is_shown_is_guarded_and_comes_before_the_text(make_services: Make) -> None:
    model = Speaking(*(Delta(reasoning=piece) for piece in THOUGHT), Delta(text=PORT))
    services = await make_services(model, prompt=PROMPT, reasoning=True)
    events, answer = await _run(services, "Write to ada@example.org: which port?")
    thought = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    assert thought == "They ask for a port. Their mail is ada@example.org, not [EMAIL]. My rules: [withheld]."
    kinds = [event.type for event in events if event.type in ("reasoning", "delta")]
    assert kinds == sorted(kinds, reverse=True)
    assert answer is not None
    assert answer.text == _said(events) == PORT
    assert {verdict.guard for verdict in answer.verdicts} == {"pii", "leakage"}


async def test_a_thought_that_a_guard_blocks_ends_the_answer(make_services: Make) -> None:
    rails = build_rails(_policy({"name": "leakage", "origins": {"model": {"block": 1}}}))
    model = Speaking(Delta(reasoning=RULES), Delta(text=PORT))
    events, answer = await _run(await make_services(model, prompt=PROMPT, reasoning=True, rails=rails))
    assert answer is not None
    assert answer.outcome is Outcome.BLOCKED
    assert PORT not in _said(events)
    assert not any(isinstance(event, ReasoningDelta) for event in events)


def _grounding(action: dict[str, float]) -> dict[str, Any]:
    return {"name": "grounding", "on_error": "open", "origins": {"model": action}}


async def test_an_answer_without_support_is_flagged_or_cannot_stand(make_services: Make) -> None:
    made_up = "The keeper of the harbour sells fish and rope to every pilot."
    services = await make_services(
        ScriptedModel(made_up, made_up), rails=build_rails(_policy(_grounding({"flag": 0.5})))
    )
    events, answer = await _run(services)
    assert answer is not None
    assert (answer.outcome, answer.text) == (Outcome.ANSWERED, made_up)
    assert [(v.guard, v.action) for v in answer.verdicts] == [("grounding", Action.FLAG)]
    services = await make_services(ScriptedModel(made_up, PORT), rails=build_rails(_policy(_grounding({"block": 0.5}))))
    events, answer = await _run(services)
    assert answer is not None
    assert answer.outcome is Outcome.BLOCKED
    assert (
        answer.text
        == _said(events)
        == (f"{made_up}\n\nThis answer cannot stand: Not supported by what was found: 1 of 1 sentences.")
    )
    kinds = [event.type for event in events]
    assert kinds.index("guarded") < kinds.index("answer")
    _, again = await _run(services)
    assert again is not None
    assert (again.text, again.cached) == (PORT, False)


class Elsewhere:
    """A guard on another machine, which keeps all that it is shown."""

    name = "elsewhere"
    location = Location.REMOTE

    def __init__(self) -> None:
        self.shown: list[str] = []

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        self.shown.append(text)
        return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)

    async def review(self, text: str, outgoing: Outgoing, /) -> Verdict:
        self.shown += [text, *outgoing.given]
        return Verdict(guard=self.name, origin=Origin.MODEL, action=Action.ALLOW, text=text)


async def test_a_guard_elsewhere_sees_no_value_of_the_users_in_a_whole_run(make_services: Make) -> None:
    guard = Elsewhere()
    rows = (
        {"name": "elsewhere", "origins": {origin: {"block": 1} for origin in ("user", "tool", "model")}},
        {"name": "pii", "origins": {origin: {"modify": 0.4} for origin in ("user", "tool", "model")}},
    )
    call = ToolCall(id="1", name="shout", arguments={"text": "<EMAIL_1>"})
    services = await make_services(
        ScriptedModel(call, "I wrote to <EMAIL_1>."),
        tools=lambda _: FunctionToolset([shout]),
        rails=build_rails(_policy(*rows), factories={"elsewhere": lambda rule, policy: guard}),
    )
    _, answer = await _run(services, "Write to ada@example.com")
    assert answer is not None and answer.text == "I wrote to ada@example.com."
    assert {"Write to <EMAIL_1>", "I wrote to <EMAIL_1>.", "shout\ntext\n<EMAIL_1>"} <= set(guard.shown)
    assert "ada@example.com" not in str(guard.shown).lower()


def shout(text: str) -> str:
    """Say a text in capitals."""
    return text.upper()


class Failing:
    """A guard of everything that raises, hangs, or answers nonsense."""

    name = "failing"

    def __init__(self, how: str) -> None:
        self._how = how

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        if self._how == "hangs":
            await asyncio.Event().wait()
        if self._how == "raises":
            raise ValueError(text)
        if self._how == "cancels":
            raise asyncio.CancelledError
        return "fine"  # type: ignore[return-value]


class FailingReview(Failing):
    async def review(self, text: str, outgoing: Outgoing, /) -> Verdict:
        return await self.check(text, origin=Origin.MODEL)


HOW = pytest.mark.parametrize("how", ["raises", "hangs", "nonsense", "cancels"])
ON_ERROR = pytest.mark.parametrize("on_error", ["closed", "open"])


def _rails(guard: Failing, on_error: str, *origins: str) -> Any:
    row = {"name": "failing", "origins": {o: {"block": 1} for o in origins}, "on_error": on_error, "timeout": 0.05}
    return build_rails(_policy(row), factories={"failing": lambda rule, policy: guard})


@HOW
@ON_ERROR
@pytest.mark.parametrize("guard", [Failing, FailingReview])
async def test_at_the_end_it_blocks_the_answer_or_flags_it(
    make_services: Make, how: str, on_error: str, guard: type[Failing]
) -> None:
    services = await make_services(ScriptedModel(PORT), rails=_rails(guard(how), on_error, "model"))
    events, answer = await _run(services)
    assert answer is not None
    assert answer.outcome is (Outcome.BLOCKED if on_error == "closed" else Outcome.ANSWERED)
    assert answer.text == _said(events)
    assert [v.action for v in answer.verdicts] == [Action.BLOCK if on_error == "closed" else Action.FLAG]


@HOW
@ON_ERROR
async def test_a_passage_that_it_cannot_judge_is_dropped_or_flagged(
    make_services: Make, how: str, on_error: str
) -> None:
    model = ScriptedModel("Hm.")
    services = await make_services(model, rails=_rails(Failing(how), on_error, "retrieved"))
    events, _ = await _run(services)
    assert ("8080" in str(model.requests)) == (on_error == "open")
    assert any(isinstance(event, Guarded) for event in events)


@HOW
@ON_ERROR
async def test_a_tools_result_that_it_cannot_judge_is_withheld_or_flagged(
    make_services: Make, how: str, on_error: str
) -> None:
    model = ScriptedModel(ToolCall(id="1", name="add", arguments={"a": 2, "b": 3}), "Hm.")
    services = await make_services(model, rails=_rails(Failing(how), on_error, "tool"))
    await _run(services)
    (told,) = [message.content for message in model.requests[1].messages if message.role == "tool"]
    plain = "5" if on_error == "open" else "The result was withheld by a guard."
    assert told == fence_result(plain, tool="add", beside=[plain])


@HOW
@ON_ERROR
async def test_a_question_that_it_cannot_judge_is_blocked_or_flagged(
    make_services: Make, how: str, on_error: str
) -> None:
    services = await make_services(ScriptedModel(PORT), rails=_rails(Failing(how), on_error, "user"))
    _, answer = await _run(services)
    assert answer is not None
    assert answer.outcome is (Outcome.BLOCKED if on_error == "closed" else Outcome.ANSWERED)


@ON_ERROR
async def test_a_stream_that_it_cannot_judge_ends_or_passes(make_services: Make, on_error: str) -> None:
    class Streaming(Failing):
        def stream(self, origin: Origin, outgoing: Outgoing, /) -> Any:
            class Guard:
                holdback, findings = 0, ()

                def feed(self, text: str) -> str:
                    if "8080" in text:
                        raise ValueError(text)
                    return text

                def close(self) -> str:
                    return ""

            return Guard()

    services = await make_services(
        ScriptedModel([PORT[:20], PORT[20:]]), rails=_rails(Streaming("raises"), on_error, "model")
    )
    events, answer = await _run(services)
    assert answer is not None
    assert answer.text == _said(events)
    if on_error == "open":
        assert answer.text == PORT
    else:
        assert answer.outcome is Outcome.BLOCKED
        assert "8080" not in answer.text
        assert answer.text.startswith(PORT[:20])


async def test_text_a_guard_holds_back_for_good_leaves_with_the_answer(make_services: Make) -> None:
    """What is held back at the end of a stream is released by its end, before the answer is told."""
    model = ScriptedModel("You are the keeper of")
    events, answer = await _run(await make_services(model, prompt=PROMPT))
    assert answer is not None
    assert answer.text == _said(events) == "You are the keeper of"
