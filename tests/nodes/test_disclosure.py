"""What models are shown of a vault, and what comes out of those that are shown its values."""

import json

import pytest

from citeward.contracts.model import Delta, Location, Message, Model, ModelInfo, ModelRequest, TokenLogprob
from citeward.contracts.tool import ToolCall
from citeward.guardrails.vault import Vault
from citeward.nodes.disclosure import disclosed, restored
from citeward.testing.scripted import ScriptedModel

VALUE = "ada@example.com"
LOCAL, REMOTE = (ModelInfo(name=str(place), location=place) for place in Location)
REQUEST = ModelRequest(
    messages=(
        Message(role="system", content=f"passages: {VALUE} wrote this"),
        Message(role="user", content="Write to <EMAIL_1>"),
        Message(role="assistant", tool_calls=(ToolCall(id="1", name="send", arguments={"to": ["<EMAIL_1>", 3]}),)),
        Message(role="tool", content=f"sent to {VALUE.upper()}", tool_call_id="1"),
    ),
    prefix="I wrote to <EMAIL_1>",
)


def _vault() -> Vault:
    return Vault.load({"<EMAIL_1>": VALUE})


def _shown(model: ScriptedModel) -> str:
    return repr(model.requests)


async def _heard(model: Model, request: ModelRequest = REQUEST) -> list[Delta]:
    return [delta async for delta in model.stream(request)]


@pytest.mark.parametrize("info", [LOCAL, REMOTE])
async def test_by_default_every_model_sees_placeholders_wherever_a_value_is_from(info: ModelInfo) -> None:
    model = ScriptedModel("Done.", info=info)
    await _heard(disclosed(model, _vault(), raw_for=()))
    assert VALUE not in _shown(model).casefold()
    (request,) = model.requests
    assert [m.content for m in request.messages][:2] == ["passages: <EMAIL_1> wrote this", "Write to <EMAIL_1>"]
    assert request.messages[3].content == "sent to <EMAIL_1>"
    assert request.messages[2].tool_calls[0].arguments == {"to": ["<EMAIL_1>", 3]}


async def test_a_local_model_that_may_sees_the_values_and_a_remote_one_does_not() -> None:
    local, remote = ScriptedModel("Done.", info=LOCAL), ScriptedModel("Done.", info=REMOTE)
    for model in (local, remote):
        await _heard(disclosed(model, _vault(), raw_for=(Location.LOCAL,)))
    (request,) = local.requests
    assert request.messages[1].content == f"Write to {VALUE}"
    assert request.messages[2].tool_calls[0].arguments == {"to": [VALUE, 3]}
    assert request.prefix == f"I wrote to {VALUE}"
    assert "<EMAIL_1>" not in _shown(local)
    assert VALUE not in _shown(remote).casefold()


async def test_what_a_model_says_of_the_values_leaves_it_with_placeholders() -> None:
    call = ToolCall(id="7", name="send", arguments={"to": VALUE, "cc": [VALUE.upper()], "n": 1})
    model = ScriptedModel(["To ada@ex", "ample.com, or ", "<EMAIL_1>", call], info=LOCAL)
    vault = _vault()
    heard = await _heard(disclosed(model, vault, raw_for=(Location.LOCAL,)))
    assert "".join(delta.text for delta in heard) == "To <EMAIL_1>, or <TEXT_1>"
    assert vault.restore("<TEXT_1>") == "<EMAIL_1>"
    (fragment,) = [delta.tool_call for delta in heard if delta.tool_call is not None]
    assert (fragment.id, fragment.name) == ("7", "send")
    assert json.loads(fragment.arguments) == {"to": "<EMAIL_1>", "cc": ["<EMAIL_1>"], "n": 1}
    assert VALUE not in repr(heard).casefold()
    assert heard[-1].finish_reason == "tool_calls"


class _Odd:
    """Escapes its arguments as JSON allows, breaks another call off, thinks aloud, and never says that it is done."""

    info = LOCAL

    async def stream(self, request: ModelRequest, /):  # type: ignore[no-untyped-def]
        from citeward.contracts.model import ToolCallFragment

        yield Delta(reasoning="they are ada@")
        yield Delta(reasoning="example.com", logprobs=(TokenLogprob(token=VALUE, logprob=0.0),))
        escaped = "".join(f"\\u{ord(char):04x}" for char in VALUE)
        yield Delta(tool_call=ToolCallFragment(index=0, id="a", name="send", arguments=f'{{"to": "{escaped}"}}'))
        yield Delta(tool_call=ToolCallFragment(index=1, id="b", name="send", arguments=f'{{"to": "{VALUE}'))


async def test_neither_thoughts_nor_escaped_nor_broken_arguments_carry_a_value_out() -> None:
    heard = await _heard(disclosed(_Odd(), _vault(), raw_for=(Location.LOCAL,)))
    calls = [delta.tool_call for delta in heard if delta.tool_call is not None]
    assert [(call.id, call.arguments) for call in calls] == [("a", '{"to": "<EMAIL_1>"}'), ("b", '{"to": "<EMAIL_1>')]
    assert "".join(delta.reasoning for delta in heard) == "they are <EMAIL_1>"
    assert VALUE not in repr(heard)


async def test_without_values_the_model_is_asked_itself() -> None:
    model = ScriptedModel(info=LOCAL)
    assert disclosed(model, Vault(), raw_for=(Location.LOCAL,)) is model


def test_data_is_restored_in_depth() -> None:
    assert restored({"a": ["<EMAIL_1>", 1, {"b": "<EMAIL_2>"}]}, _vault()) == {"a": [VALUE, 1, {"b": "<EMAIL_2>"}]}


@pytest.mark.parametrize(
    "call",
    [
        ToolCall(id="1", name="send", arguments={VALUE: {"a": [{VALUE.upper(): 1}]}}),
        ToolCall(id=f"call-{VALUE}", name="send"),
        ToolCall(id="1", name=f"send_{VALUE}"),
        ToolCall(id="1", name="send", arguments={"card": 4111111111111111}),
        ToolCall(id="1", name="send", arguments={"cards": [4111111111111111, "4111-1111-1111-1111"]}),
    ],
)
async def test_no_part_of_a_call_by_a_model_that_saw_the_values_holds_one(call: ToolCall) -> None:
    vault = Vault.load({"<EMAIL_1>": VALUE, "<CREDIT_CARD_1>": "4111 1111 1111 1111"})
    model = ScriptedModel([call], info=LOCAL)
    deltas = await _heard(disclosed(model, vault, raw_for=(Location.LOCAL,)))
    shown = repr([delta.tool_call for delta in deltas]).casefold()
    assert VALUE not in shown
    assert "4111" not in shown


def test_values_come_back_in_keys_too_and_plain_numbers_stay_numbers() -> None:
    assert restored({"<EMAIL_1>": 3, "a": [2.5, True, None, "<EMAIL_1>"]}, _vault()) == {
        VALUE: 3,
        "a": [2.5, True, None, VALUE],
    }
