"""Threads of an agent on a real SQLite file: listed, shown and forgotten, each by its owner alone."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiosqlite
import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from citeward.agents.agent import Agent
from citeward.agents.spec import AgentSpec
from citeward.agents.threads import Said
from citeward.contracts.principal import Principal
from citeward.errors import CheckpointError
from citeward.graphs.chat import build_chat_graph
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.threads import SqliteThreads
from citeward.guardrails.build import build_rails
from citeward.models.router.rules import RuleRouter
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.testing.scripted import ScriptedModel

PROMPT = Template.model_validate(
    {
        "name": "t",
        "version": "1",
        "variables": ["passages"],
        "messages": [{"role": "system", "content": "Answer.\n{{passages}}"}],
    }
)
ADA, BOB = Principal(subject="ada"), Principal(subject="bob")
Make = Callable[..., Agent]


@pytest.fixture
async def saver(tmp_path: Path) -> AsyncIterator[SqliteThreads]:
    async with aiosqlite.connect(tmp_path / "threads.sqlite") as connection:
        threads = SqliteThreads(connection, Cipher([Key.new()]))
        await threads.setup()
        yield threads


def _agent(
    saver: BaseCheckpointSaver[str] | None, *turns: str, name: str = "assistant", answers: str = "Understood."
) -> Agent:
    model = ScriptedModel(*(turns or [answers] * 9))
    services = Services(
        agent=name,
        version="1",
        prompt=PROMPT,
        models={model.info.name: model},
        router=RuleRouter({model.info.name: model.info}),
        rails=build_rails(),
    )
    spec = AgentSpec(name=name, description="One.", prompt="t")
    return Agent(spec=spec, services=services, graph=build_chat_graph(services).compile(checkpointer=saver))


async def test_what_was_said_is_shown_with_the_users_own_values(saver: SqliteThreads) -> None:
    agent = _agent(saver, "I wrote to <EMAIL_1>.")
    await agent.ask("Write to ada@example.com", thread_id="a", principal=ADA)
    told = [Said(by="user", text="Write to ada@example.com"), Said(by="agent", text="I wrote to ada@example.com.")]
    assert await agent.said("a", principal=ADA) == told
    assert await agent.said("a", principal=BOB) == []
    assert await agent.said("b", principal=ADA) == []


async def test_threads_are_listed_for_their_owner(saver: SqliteThreads) -> None:
    agent, other = _agent(saver), _agent(saver, name="other")
    for name in ("a", "b/c 100%", "a"):
        await agent.ask("Hello", thread_id=name, principal=ADA)
    await other.ask("Hello", thread_id="with other", principal=ADA)
    await agent.ask("Hello", thread_id="bob's", principal=BOB)
    assert [thread.name for thread in await agent.threads(principal=ADA)] == ["a", "b/c 100%"]
    assert [thread.name for thread in await agent.threads(principal=BOB)] == ["bob's"]
    assert await agent.threads() == []


async def test_nobody_forgets_anothers_thread(saver: SqliteThreads) -> None:
    agent, other = _agent(saver), _agent(saver, name="other")
    await agent.ask("Hello", thread_id="a", principal=ADA)
    for stranger in (BOB, Principal(tenant="elsewhere", subject="ada"), None):
        assert not await agent.forget("a", principal=stranger)
    assert not await other.forget("a", principal=ADA)
    assert await agent.said("a", principal=ADA)
    assert await agent.forget("a", principal=ADA)
    assert not await agent.forget("a", principal=ADA)
    assert await agent.said("a", principal=ADA) == []


async def test_a_forgotten_thread_begins_anew_with_an_empty_vault(saver: SqliteThreads) -> None:
    agent = _agent(saver, "One.", "<EMAIL_1> and <EMAIL_2>")
    await agent.ask("I am ada@example.com", thread_id="a")
    await agent.forget("a")
    answer = await agent.ask("I am bob@example.com", thread_id="a")
    assert answer.text == "bob@example.com and <EMAIL_2>"


async def test_a_thread_whose_key_is_lost_can_still_be_forgotten(saver: SqliteThreads) -> None:
    await _agent(saver).ask("Hello", thread_id="a")
    other = SqliteThreads(saver.conn, Cipher([Key.new()]))
    agent = _agent(other)
    with pytest.raises(CheckpointError, match="the keys at hand are"):
        await agent.ask("Hello again", thread_id="a")
    with pytest.raises(CheckpointError, match="the keys at hand are"):
        await agent.said("a")
    assert await agent.forget("a")
    assert (await agent.ask("Hello again", thread_id="a")).text == "Understood."


async def test_an_agent_without_a_list_or_without_threads_says_so() -> None:
    memory = _agent(InMemorySaver())
    await memory.ask("Hello", thread_id="a")
    with pytest.raises(CheckpointError, match="cannot list"):
        await memory.threads()
    assert await memory.forget("a")
    with pytest.raises(CheckpointError, match="keeps no threads"):
        await _agent(None).forget("a")


async def test_when_an_answer_is_there_its_thread_is_kept(saver: SqliteThreads) -> None:
    agent = _agent(saver)
    await agent.ask("Hello", thread_id="a")
    config = {"configurable": {"thread_id": "default/anonymous/assistant/a"}}
    assert await saver.aget_tuple(config) is not None  # at once, and not when the loop comes to it
