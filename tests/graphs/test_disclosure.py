"""Which model sees what of the user's values, over turns, tools, fallbacks and restarts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from citeward.contracts.event import ToolCalled
from citeward.contracts.model import Location, ModelInfo
from citeward.contracts.tool import ToolCall
from citeward.errors import Overloaded
from citeward.graphs.chat import build_chat_graph
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.threads import SqliteThreads
from citeward.guardrails.build import build_rails
from citeward.guardrails.table import Policy, load_policy
from citeward.models.fallback.policy import Fallback
from citeward.nodes.services import Services
from citeward.testing.scripted import ScriptedModel
from citeward.tools.toolset import FunctionToolset

Make = Callable[..., Awaitable[Services]]
VALUE = "ada.lovelace@example.com"
CARD = "4111 1111 1111 1111"
LOCAL = ModelInfo(name="near", location=Location.LOCAL, tier="small", tools=True, continues="exactly")
REMOTE = ModelInfo(name="far", location=Location.REMOTE, tier="large", tools=True, continues="exactly")
OUT = Overloaded("no room", hint="Wait.")
DOCUMENTS = {"orders.md": f"# Orders\n\nThe customer {VALUE} ordered three red lamps in May.\n"}


def _policy(*raw_for: str) -> Policy:
    return Policy.model_validate({**load_policy().model_dump(), "raw_for": raw_for})


def _graph(services: Services, saver: Any = None) -> Any:
    return build_chat_graph(services).compile(checkpointer=saver or InMemorySaver())


async def _asked(graph: Any, question: str) -> tuple[str, list[Any]]:
    config = {"configurable": {"thread_id": "t"}}
    events = [event async for event in graph.astream({"question": question}, config, stream_mode="custom")]
    return events[-1].answer.text, events


def _seen(model: ScriptedModel) -> str:
    """All that the model was ever sent, in lower case."""
    return repr(model.requests).casefold()


def _clean(*models: ScriptedModel) -> bool:
    digits = CARD.replace(" ", "")
    seen = "".join(map(_seen, models))
    return not any(form in seen for form in (VALUE, CARD, digits))


@pytest.fixture(params=[True, False], ids=["local sees values", "nobody sees values"])
def raw(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def make(make_services: Make, raw: bool) -> Make:
    async def made(*models: ScriptedModel, **changes: Any) -> Services:
        return await make_services(
            *models, rails=build_rails(_policy("local") if raw else _policy()), documents=DOCUMENTS, **changes
        )

    return made


async def test_the_same_answer_comes_whether_the_model_sees_the_value_or_not(make: Make, raw: bool) -> None:
    near = ScriptedModel([f"I wrote to {VALUE[:9]}", f"{VALUE[9:]}."] if raw else "I wrote to <EMAIL_1>.", info=LOCAL)
    text, _ = await _asked(_graph(await make(near)), f"Write to {VALUE}")
    assert text == f"I wrote to {VALUE}."
    assert _clean(near) is not raw


async def test_a_value_that_stands_in_a_document_as_well_is_no_exception(make: Make, raw: bool) -> None:
    said = f"The customer {VALUE if raw else '<EMAIL_1>'} ordered three red lamps in May. [1]"
    near = ScriptedModel(said, info=LOCAL)
    text, events = await _asked(_graph(await make(near)), f"What did the customer {VALUE} order?")
    assert text == f"The customer {VALUE} ordered three red lamps in May. [1]"
    assert "lamps" in _seen(near)
    assert _clean(near) is not raw
    (citation,) = events[-1].answer.citations
    assert citation.quote == f"The customer {VALUE} ordered three red lamps in May."


async def test_what_a_local_model_said_raw_is_masked_for_the_remote_one_of_the_next_turn(make: Make, raw: bool) -> None:
    near = ScriptedModel(f"So {VALUE.upper()} and card 4111-1111-1111-1111." if raw else "So <EMAIL_1>.", info=LOCAL)
    far = ScriptedModel("Still <EMAIL_1>.", info=REMOTE)
    saver = InMemorySaver()
    first, second = await make(near), await make(far)
    await _asked(_graph(first, saver), f"I am {VALUE}, my card is {CARD}")
    text, _ = await _asked(_graph(second, saver), "Who am I?")
    assert text == f"Still {VALUE}."
    assert "so <email_1>" in _seen(far)
    assert _clean(far)


async def test_a_tool_loop_gives_tools_the_value_and_remote_models_none(make: Make, raw: bool) -> None:
    value = VALUE if raw else "<EMAIL_1>"
    call = ToolCall(id="1", name="launch_at", arguments={"to": value})
    # In the loop's second step the local model is dead.
    near = ScriptedModel([f"I call for {value}.", call], OUT, info=LOCAL)
    far = ScriptedModel("It went to <EMAIL_1>.", info=REMOTE)
    called: list[str] = []

    def launch_at(to: str) -> str:
        """Launch.

        Args:
            to: Where to.
        """
        called.append(to)
        return f"launched at {to.upper()}"

    tools = FunctionToolset([launch_at])
    services = await make(near, far, tools=lambda _: tools)
    text, events = await _asked(_graph(services), f"Launch at {VALUE}")
    assert called == [VALUE]
    (announced,) = [event.call for event in events if isinstance(event, ToolCalled)]
    assert announced.arguments == {"to": VALUE}  # whoever reads the events sees what the tool gets
    assert text.endswith(f"It went to {VALUE}.")
    assert "launched at <email_1>" in _seen(far)
    assert _clean(far)


@pytest.mark.parametrize("after", ["continue", "restart"])
async def test_a_remote_fallback_goes_on_from_placeholders(make: Make, raw: bool, after: Any) -> None:
    value = VALUE if raw else "<EMAIL_1>"
    near = ScriptedModel([f"I wrote to {value} and waited. ", "Then ", OUT], info=LOCAL)
    far = ScriptedModel("nobody answered at <EMAIL_1>.", info=REMOTE)
    services = await make(near, far, fallback=Fallback(after_first_token=after))
    text, _ = await _asked(_graph(services), f"Write to {VALUE}")
    begun = f"I wrote to {VALUE} and waited. Then " if after == "continue" else ""
    assert text == f"{begun}nobody answered at {VALUE}."
    (request,) = far.requests
    assert request.prefix == ("I wrote to <EMAIL_1> and waited. Then " if after == "continue" else "")
    assert _clean(far)


async def test_a_local_fallback_after_a_remote_model_is_shown_what_it_may_see(make: Make, raw: bool) -> None:
    far = ScriptedModel(["I wrote to <EMAIL_1> and waited. ", OUT], info=REMOTE)
    near = ScriptedModel("Nobody answered.", info=LOCAL)
    services = await make(far, near)
    text, _ = await _asked(_graph(services), f"Write to {VALUE}")
    assert text == f"I wrote to {VALUE} and waited. Nobody answered."
    assert near.requests[0].prefix == f"I wrote to {VALUE if raw else '<EMAIL_1>'} and waited. "
    assert _clean(far)


async def test_after_a_restart_the_placeholders_are_still_known(make: Make, raw: bool, tmp_path: Path) -> None:
    key = Key.new()

    async def opened() -> AsyncIterator[SqliteThreads]:
        async with aiosqlite.connect(tmp_path / "threads.sqlite") as connection:
            yield SqliteThreads(connection, Cipher([key]))

    near = ScriptedModel(f"Noted {VALUE}." if raw else "Noted <EMAIL_1>.", info=LOCAL)
    far = ScriptedModel("You are <EMAIL_1>.", info=REMOTE)
    first, second = await make(near), await make(far)
    async for saver in opened():
        await _asked(_graph(first, saver), f"I am {VALUE}")
    async for saver in opened():
        text, _ = await _asked(_graph(second, saver), f"Who is {VALUE}?")
    assert text == f"You are {VALUE}."
    assert "noted <email_1>" in _seen(far)
    assert _clean(far)


async def test_a_placeholder_that_the_user_typed_stays_one_for_both_kinds_of_models(make: Make, raw: bool) -> None:
    typed = "<EMAIL_1>" if raw else "<TEXT_1>"
    near = ScriptedModel(f"You typed {typed}.", info=LOCAL)
    far = ScriptedModel("You typed <TEXT_1> and are <EMAIL_1>.", info=REMOTE)
    saver = InMemorySaver()
    first, second = await make(near), await make(far)
    assert (await _asked(_graph(first, saver), f"I am {VALUE} and type <EMAIL_1>"))[0] == "You typed <EMAIL_1>."
    assert (await _asked(_graph(second, saver), "Again"))[0] == f"You typed <EMAIL_1> and are {VALUE}."
    assert "you typed <text_1>" in _seen(far)
    assert _clean(far)


async def test_an_answer_with_a_value_is_given_to_nobody_else(make: Make, raw: bool) -> None:
    said = "The customer <EMAIL_1> ordered three red lamps in May. [1]"
    near = ScriptedModel(said, said, info=LOCAL)
    services = await make(near)
    question = f"What did the customer {VALUE} order?"
    for _ in range(2):
        text, _events = await _asked(_graph(services), question)
        assert VALUE in text if not raw else "<EMAIL_1>" in text  # a raw model's placeholder is a literal one
    assert len(near.requests) == 2  # not from the cache


def test_only_local_can_be_named() -> None:
    with pytest.raises(ValueError, match="raw_for"):
        _policy("remote")
    assert load_policy().raw_for == ()
    assert _policy("local").content_hash != _policy().content_hash


async def test_embedders_and_rerankers_elsewhere_see_placeholders(make_services: Make, embedder: Any) -> None:
    sent: list[str] = []

    class Far:
        location = Location.REMOTE
        name, dimensions = embedder.name, embedder.dimensions

        async def embed(self, texts: Any, /, *, queries: bool = False) -> Any:
            sent.extend(texts)
            return await embedder.embed(texts, queries=queries)

        async def rerank(self, query: str, passages: Any, /, *, limit: int, tenant: str = "default") -> Any:
            sent.extend([query, *(passage.text for passage in passages)])
            return list(passages)[:limit]

    model = ScriptedModel("Lamps. [1]", info=REMOTE)
    services = await make_services(model, documents=DOCUMENTS, embedder=Far(), reranker=Far(), local=embedder)
    _, events = await _asked(_graph(services), f"What did the customer {VALUE} order?")
    assert len(sent) >= 3
    assert VALUE not in repr(sent)
    assert "<EMAIL_1>" in repr(sent)
    (found,) = next(event.passages for event in events if event.type == "passages")
    assert VALUE in found.text  # the reader may read the document
