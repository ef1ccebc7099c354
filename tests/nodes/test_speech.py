"""Models that follow one another within one guarded text."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.citations.stream import Citer
from citeward.contracts.citation import Citation, Label
from citeward.contracts.event import Cited, Event, Restarted, Routed, TextDelta
from citeward.contracts.guardrail import Finding
from citeward.contracts.metering import Spender
from citeward.contracts.model import Delta, Message, Model, ModelInfo, ModelRequest
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.contracts.tool import ToolCall
from citeward.errors import ModelUnavailable
from citeward.guardrails.build import build_rails
from citeward.guardrails.vault import Vault
from citeward.models.breaker import Breakers
from citeward.models.fallback.chain import Chain, ask
from citeward.models.fallback.policy import Fallback
from citeward.models.metering.memory import MemoryMeter
from citeward.models.metering.purse import Purse
from citeward.nodes.speech import Speech
from citeward.nodes.utterance import Utterance
from citeward.testing.scripted import ScriptedModel

DOCUMENT = "The lock opens at seven. Boats pay two crowns."
PASSAGE = Passage(id="d#0", document_id="d", text=DOCUMENT, start=0, end=len(DOCUMENT), source="d.md")
RAW = "The lock opens at seven. [1] Write to <EMAIL_1>, not to eve@example.net. Boats pay two crowns. [1]"
LOST = ModelUnavailable("gone", hint="Wait.")
RAILS = build_rails()
EARLIER = Citation(
    start=0,
    end=4,
    passage_id="d#0",
    document_id="d",
    source="d.md",
    quote="The lock",
    quote_start=0,
    quote_end=8,
    label=Label.SUPPORTED,
    score=1.0,
    marker=1,
)


asyncio.run(RAILS.warm())


async def _stored(_: str) -> str:
    return DOCUMENT


class Continuing:
    """Says `RAW` from where the request's prefix ends up to `until`, split at `places`; fails there."""

    def __init__(self, name: str, until: int = len(RAW), places: Sequence[int] = ()) -> None:
        self.info = ModelInfo(name=name, continues="exactly")
        self._until = until
        self._places = places

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        assert RAW.startswith(request.prefix)
        borders = [len(request.prefix), *sorted(p for p in self._places if len(request.prefix) < p < self._until)]
        for begin, end in itertools.pairwise([*borders, max(self._until, len(request.prefix))]):
            yield Delta(text=RAW[begin:end])
        if self._until < len(RAW):
            raise LOST
        yield Delta(finish_reason="stop")


async def _said(
    given: Sequence[Model],
    *,
    policy: str = "continue",
    draft: str = "",
    cited: Sequence[Citation] = (),
    citer: type[Citer] = Citer,
) -> tuple[Speech, list[Event]]:
    models = {model.info.name: model for model in given}
    events: list[Event] = []
    vault = Vault()
    vault.mask("ada@example.org", [Finding(kind="EMAIL_ADDRESS", start=0, end=15)])
    speech = Speech(
        begin=lambda: Utterance(RAILS.stream(vault=vault), citer([PASSAGE], _stored), events.append, base=len(draft)),
        tell=events.append,
        route=Route(tier="small", model="a", fallbacks=tuple(models)[1:], reason="the first"),
        models=models,
        draft=draft,
        cited=cited,
    )
    chain = Chain(
        models=models,
        fallback=Fallback(after_first_token=policy),  # type: ignore[arg-type]
        breakers=Breakers(),
        purse=Purse(MemoryMeter(), Spender()),
    )
    await ask(chain, ModelRequest(messages=(Message(role="user", content="When?"),)), speech)
    await speech.close()
    return speech, events


def _heard(events: Sequence[Event]) -> str:
    """What a client shows: the deltas since the last restart."""
    text = ""
    for event in events:
        text = "" if isinstance(event, Restarted) else text + event.text if isinstance(event, TextDelta) else text
    return text


PLACES = st.lists(st.integers(0, len(RAW)), max_size=6)


@given(
    splits=st.tuples(PLACES, PLACES, PLACES),
    cuts=st.tuples(st.integers(0, len(RAW)), st.integers(0, len(RAW))),
    policy=st.sampled_from(["continue", "restart"]),
)
@settings(max_examples=60, deadline=None)
async def test_wherever_models_break_off_the_sink_gets_one_guarded_text(
    splits: tuple[list[int], ...], cuts: tuple[int, int], policy: str
) -> None:
    whole, _ = await _said([Continuing("a")])
    models = [Continuing(name, cut, places) for name, cut, places in zip("abc", (*cuts, len(RAW)), splits, strict=True)]
    speech, events = await _said(models, policy=policy)
    assert speech.utterance.text == whole.utterance.text == _heard(events)
    assert "ada@example.org" in speech.utterance.text
    assert "eve@example.net" not in "".join(event.text for event in events if isinstance(event, TextDelta))
    assert [c.quote for c in speech.utterance.citations] == [c.quote for c in whole.utterance.citations]


async def test_a_model_that_cannot_go_on_from_another_begins_again() -> None:
    first = ScriptedModel(["The lock opens at half past", LOST], info=ModelInfo(name="a"))
    second = ScriptedModel("The lock opens at seven. [1]", info=ModelInfo(name="b", continues="never"))
    speech, events = await _said([first, second])
    assert second.requests[0].prefix == ""
    assert speech.utterance.text == _heard(events) == "The lock opens at seven. [1]"
    restarted = next(event for event in events if isinstance(event, Restarted))
    assert (restarted.model, restarted.reason) == ("b", "a failed (model_unavailable)")


async def test_a_restart_says_what_earlier_steps_said_once_more() -> None:
    models = [
        ScriptedModel(["It is", LOST], info=ModelInfo(name="a")),
        ScriptedModel("Seven.", info=ModelInfo(name="b")),
    ]
    speech, events = await _said(models, policy="restart", draft="The lock. ", cited=[EARLIER])
    assert _heard(events) == "The lock. Seven."
    assert speech.utterance.text == "Seven."
    kinds = [type(event) for event in events]
    assert kinds == [TextDelta, Routed, Restarted, TextDelta, Cited, TextDelta]


async def test_the_route_tells_who_speaks_and_why() -> None:
    models = [
        ScriptedModel(LOST, info=ModelInfo(name="a")),
        ScriptedModel(["The lock opens at seven, ", LOST], info=ModelInfo(name="b", tier="large")),
        ScriptedModel("I think.", info=ModelInfo(name="c")),
    ]
    speech, events = await _said(models)
    routes = [event.route for event in events if isinstance(event, Routed)]
    assert [(route.model, route.tier, route.fallbacks) for route in routes] == [
        ("b", "large", ("c",)),
        ("c", "small", ()),
    ]
    assert speech.route.reason == (
        "the first; a failed (model_unavailable); b took over; b failed (model_unavailable); c went on from there"
    )


async def test_the_error_of_what_listens_is_not_taken_for_the_models() -> None:
    class Failing(Citer):
        async def feed(self, text: str, /) -> list[TextDelta | Cited]:
            raise ModelUnavailable("the embedder is gone", hint="Wait.")

    second = ScriptedModel("Never said.", info=ModelInfo(name="b"))
    with pytest.raises(ModelUnavailable, match="embedder"):
        await _said([ScriptedModel("It is seven, I think.", info=ModelInfo(name="a")), second], citer=Failing)
    assert second.requests == []


async def test_a_half_said_tool_call_is_forgotten() -> None:
    call = ToolCall(id="1", name="add", arguments={"a": 1})
    models = [
        ScriptedModel([call, LOST], info=ModelInfo(name="a")),
        ScriptedModel([ToolCall(id="2", name="add", arguments={"a": 2})], info=ModelInfo(name="b")),
    ]
    speech, _ = await _said(models)
    (made,) = speech.calls.message("").tool_calls
    assert (made["id"], made["args"]) == ("2", {"a": 2})


@pytest.mark.parametrize(("said", "again"), [("It l", "listens."), ("日本語の文", "文章です。")])
async def test_a_continuation_that_cannot_be_joined_begins_the_answer_again(said: str, again: str) -> None:
    first = ScriptedModel(["So: " + said, LOST], info=ModelInfo(name="a"))
    second = ScriptedModel(again, "The lock opens at seven. [1]", info=ModelInfo(name="b"))
    speech, events = await _said([first, second], draft="Well. ")
    assert speech.utterance.text == "The lock opens at seven. [1]"
    assert _heard(events) == "Well. The lock opens at seven. [1]"
    (restarted,) = [event for event in events if isinstance(event, Restarted)]
    assert restarted.reason == "what b repeated of the text could not be told"
    assert second.requests[0].prefix == "So: " + said
    assert second.requests[1].prefix == ""
