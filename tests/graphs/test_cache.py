"""What is given again, to whom, and how often it is computed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from citeward.agents.agent import Agent
from citeward.agents.spec import AgentSpec
from citeward.cache.exact import ExactCache
from citeward.cache.semantic import SemanticCache
from citeward.cache.threshold import threshold_for
from citeward.contracts.model import Delta, ModelInfo, ModelRequest
from citeward.contracts.principal import Principal
from citeward.errors import ModelError, Overloaded
from citeward.graphs.chat import build_chat_graph
from citeward.graphs.state import checkpoint_serializer
from citeward.nodes.services import Services
from citeward.testing.scripted import ScriptedModel

Make = Callable[..., Awaitable[Services]]
PORT = "The server listens on port 8080 by default. [1]"
SPEC = AgentSpec(name="test", description="A test.", prompt="t")


class Gated:
    """Says its text once the gate is open; fails as often as it is told to."""

    def __init__(self, text: str = PORT, *, failures: int = 0, finish: str = "stop") -> None:
        self.info = ModelInfo(name="gated", tools=True)
        self.text, self.failures, self.finish = text, failures, finish
        self.asked = 0
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()
        self.before: Callable[[], Awaitable[None]] | None = None

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        self.asked += 1
        mine = self.asked
        self.reached.set()
        await self.gate.wait()
        if self.before is not None:
            await self.before()
        if mine <= self.failures:
            raise Overloaded("full", hint="Wait.")
        yield Delta(text=self.text)
        yield Delta(finish_reason=self.finish)  # type: ignore[arg-type]


def agent(services: Services) -> Agent:
    return Agent(
        spec=SPEC,
        services=services,
        graph=build_chat_graph(services).compile(checkpointer=InMemorySaver(serde=checkpoint_serializer())),
    )


async def test_identical_questions_at_once_are_computed_once(make_services: Make) -> None:
    model = Gated()
    asked = agent(await make_services(model))
    runs = [asyncio.create_task(asked.ask(question)) for question in ["Which port?", "which PORT", "Which port ?"] * 4]
    await asyncio.wait_for(model.reached.wait(), 30)
    model.gate.set()
    answers = await asyncio.gather(*runs)
    assert model.asked == 1
    assert {answer.text for answer in answers} == {PORT}
    assert sum(answer.cached for answer in answers) == len(runs) - 1
    assert len({answer.run_id for answer in answers}) == len(runs)


async def test_where_the_computing_run_fails_a_waiting_one_goes_on(make_services: Make) -> None:
    model = Gated(failures=1)
    asked = agent(await make_services(model))
    runs = [asyncio.create_task(asked.ask("Which port?")) for _ in range(4)]
    await asyncio.wait_for(model.reached.wait(), 30)
    model.gate.set()
    results = await asyncio.gather(*runs, return_exceptions=True)
    assert sum(isinstance(result, ModelError) for result in results) == 1
    assert model.asked == 2


@pytest.mark.parametrize("how", ["cancelled", "left"])
async def test_where_the_computing_run_is_given_up_a_waiting_one_goes_on(make_services: Make, how: str) -> None:
    model = Gated()
    asked = agent(await make_services(model))
    if how == "cancelled":
        first = asyncio.create_task(asked.ask("Which port?"))
        await asyncio.wait_for(model.reached.wait(), 30)
        second = asyncio.create_task(asked.ask("Which port?"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    else:
        async with aclosing(asked.run("Which port?")) as events:
            async for event in events:
                if event.type == "routed":
                    break
            second = asyncio.create_task(asked.ask("Which port?"))
            await asyncio.sleep(0)
    model.gate.set()
    async with asyncio.timeout(30):
        assert (await second).text == PORT


async def test_an_answer_from_documents_that_changed_meanwhile_is_not_kept(make_services: Make) -> None:
    model = Gated()
    services = await make_services(model)
    model.gate.set()

    async def change() -> None:
        assert services.store is not None
        await services.store.delete(["nothing.md", "guide.md"])
        model.before = None

    asked = agent(services)
    model.before = change
    await asked.ask("Which port?")
    again = await asked.ask("Which port?")
    assert not again.cached


async def test_an_answer_that_was_cut_off_is_not_kept(make_services: Make) -> None:
    model = Gated(finish="length")
    model.gate.set()
    asked = agent(await make_services(model))
    first, again = await asked.ask("Which port?"), await asked.ask("Which port?")
    assert (first.text, first.cached, again.cached) == (PORT, False, False)


async def test_readers_with_equal_rights_share_answers_and_others_do_not(make_services: Make) -> None:
    model = Gated()
    model.gate.set()
    asked = agent(await make_services(model))
    await asked.ask("Which port?", principal=Principal(subject="ada", groups=("b", "a")))
    same = await asked.ask("Which port?", principal=Principal(subject="bob", groups=("a", "b")))
    fewer = await asked.ask("Which port?", principal=Principal(subject="eve", groups=("a",)))
    assert (same.cached, fewer.cached) == (True, False)


async def test_a_question_with_masked_data_is_neither_kept_nor_looked_up(make_services: Make) -> None:
    model = Gated()
    model.gate.set()
    asked = agent(await make_services(model))
    await asked.ask("Which port is <EMAIL_1> on?")
    one = await asked.ask("Which port is ada@example.org on?")
    other = await asked.ask("Which port is bob@example.org on?")
    assert (one.cached, other.cached) == (False, False)


async def test_a_question_that_means_the_same_is_answered_with_its_citations(make_services: Make) -> None:
    services = await make_services(ScriptedModel(PORT, PORT))
    threshold = threshold_for(0.02)
    assert services.embedder is not None
    assert threshold is not None
    cache = SemanticCache(ExactCache(), services.embedder, threshold=threshold)
    asked = agent(replace(services, cache=cache))
    first = await asked.ask("Which port does the server listen on?")
    events: list[Any] = [event async for event in asked.run("On which port does the server listen?")]
    found = events[-1].answer
    assert (first.cache, found.cache, found.cached) == ("", "semantic", True)
    assert found.similarity is not None
    assert found.similarity >= threshold
    assert found.citations == first.citations
    assert [event.type for event in events].count("citation") == 1
    other = await asked.ask("Which port does the server not listen on?")
    assert not other.cached
