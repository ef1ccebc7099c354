"""Runs of one thread: one at a time, each call made once, and a thread that can be gone on with however a run ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from citeward.agents.agent import Agent
from citeward.agents.spec import AgentSpec
from citeward.contracts.event import Answered, Event, Interrupted, ToolReturned
from citeward.contracts.model import Message
from citeward.contracts.tool import ToolCall
from citeward.errors import DeadlineExceeded, NotFound, ThreadBusy
from citeward.graphs.chat import build_chat_graph
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.leases import journal_of, leases_of
from citeward.graphs.state import checkpoint_serializer
from citeward.graphs.threads import SqliteThreads
from citeward.guardrails.build import build_rails
from citeward.models.router.rules import RuleRouter
from citeward.nodes.context import Context
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.testing.scripted import ScriptedModel, Turn
from citeward.tools.toolset import FunctionToolset, tool

PROMPT = Template.model_validate(
    {
        "name": "t",
        "version": "1",
        "variables": ["passages"],
        "messages": [{"role": "system", "content": "Answer.\n{{passages}}"}],
    }
)
RAILS = build_rails()
KEY = Key(b"k" * 32)
PAY = "Pay 5 to Ann."


def _call(call_id: str = "c1", to: str = "Ann", amount: int = 5) -> ToolCall:
    return ToolCall(id=call_id, name="pay", arguments={"to": to, "amount": amount})


class World:
    """What tools did, and when a slow one may go on."""

    def __init__(self) -> None:
        self.paid: list[str] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    def tools(self) -> FunctionToolset:
        @tool(dangerous=True)
        def pay(to: str, amount: int) -> str:
            """Pay money.

            Args:
                to: To whom.
                amount: How much.
            """
            self.paid.append(f"{amount} to {to}")
            return f"paid {amount} to {to}"

        @tool(side_effects=True)
        async def order(what: str) -> str:
            """Order something, slowly.

            Args:
                what: What.
            """
            self.paid.append(what)
            self.started.set()
            await self.go_on.wait()
            return f"ordered {what}"

        @tool
        async def look_up(name: str) -> str:
            """Look a name up, slowly.

            Args:
                name: Whose.
            """
            self.started.set()
            await self.go_on.wait()
            return "found"

        return FunctionToolset([pay, order, look_up])


def _agent(saver: BaseCheckpointSaver[Any], world: World, *turns: Turn, **limits: Any) -> tuple[Agent, ScriptedModel]:
    model, toolset = ScriptedModel(*turns), world.tools()
    services = Services(
        agent="a",
        version="1",
        prompt=PROMPT,
        models={model.info.name: model},
        router=RuleRouter({model.info.name: model.info}),
        rails=RAILS,
        tools=lambda _: toolset,
        journal=journal_of(saver),
    )
    spec = AgentSpec.model_validate({"name": "a", "description": "One.", "prompt": "t", "limits": limits})
    return Agent(spec=spec, services=services, graph=build_chat_graph(services).compile(checkpointer=saver)), model


@pytest.fixture(params=["sqlite", "memory"])
async def saver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    if request.param == "memory":
        yield InMemorySaver(serde=checkpoint_serializer())
        return
    async with aiosqlite.connect(tmp_path / "threads.sqlite") as connection:
        yield SqliteThreads(connection, Cipher([KEY]))


async def _events(run: Any) -> list[Event]:
    async with aclosing(run) as events:
        return [event async for event in events]


async def _waiting(agent: Agent, question: str) -> Interrupted:
    return next(event for event in await _events(agent.run(question, thread_id="t")) if isinstance(event, Interrupted))


def _well_formed(messages: tuple[Message, ...]) -> bool:
    """Whether each message with calls is followed by one result for each, as model endpoints demand."""
    for at, message in enumerate(messages):
        ids = [call.id for call in message.tool_calls]
        after = messages[at + 1 : at + 1 + len(ids)]
        if [one.tool_call_id for one in after if one.role == "tool"] != ids:
            return False
        if message.role == "tool" and messages[at - 1].role not in ("assistant", "tool"):
            return False
    return True


async def test_eight_questions_at_once_in_one_thread_are_all_kept(saver: BaseCheckpointSaver[Any]) -> None:
    agent, model = _agent(saver, World(), *["Understood."] * 8)
    answers = await asyncio.gather(*(agent.ask(f"Question {n}", thread_id="t") for n in range(8)))
    assert [answer.text for answer in answers] == ["Understood."] * 8
    assert sorted(one.text for one in await agent.said("t") if one.by == "user") == [f"Question {n}" for n in range(8)]
    assert [sum(m.role == "user" for m in request.messages) for request in model.requests][:4] == [1, 2, 3, 4]


async def test_a_run_that_may_not_wait_is_told_that_the_thread_is_busy(saver: BaseCheckpointSaver[Any]) -> None:
    world = World()
    agent, _ = _agent(saver, world, ToolCall(id="1", name="look_up", arguments={"name": "Ann"}), "Done.", queue=0)
    first = asyncio.create_task(agent.ask("Look Ann up", thread_id="t"))
    await world.started.wait()
    for run in (agent.ask("And Bob?", thread_id="t"), agent.forget("t"), _events(agent.resume([], thread_id="t"))):
        with pytest.raises(ThreadBusy, match="'t'") as caught:
            await run
    assert (caught.value.status, caught.value.retryable, caught.value.code) == (409, True, "thread_busy")
    assert caught.value.to_dict()["retry_after"]
    world.go_on.set()
    assert (await first).text == "Done."
    assert await agent.forget("t")


async def test_another_thread_and_another_users_thread_are_not_waited_for(saver: BaseCheckpointSaver[Any]) -> None:
    world = World()
    agent, _ = _agent(
        saver, world, ToolCall(id="1", name="look_up", arguments={"name": "Ann"}), "Two.", "One.", queue=0
    )
    first = asyncio.create_task(agent.ask("Look Ann up", thread_id="t"))
    await world.started.wait()
    assert (await agent.ask("Hello", thread_id="u")).text == "Two."
    world.go_on.set()
    assert (await first).text == "One."


async def test_when_the_interrupt_comes_its_state_is_stored(tmp_path: Path) -> None:
    world = World()
    async with aiosqlite.connect(tmp_path / "t.sqlite") as connection:
        agent, _ = _agent(SqliteThreads(connection, Cipher([KEY])), world, _call())
        run = agent.run(PAY, thread_id="t")
        async for event in run:
            if isinstance(event, Interrupted):
                break  # whoever stops here can go on: another connection sees all of it
        async with aiosqlite.connect(tmp_path / "t.sqlite") as other:
            resumed, _ = _agent(SqliteThreads(other, Cipher([KEY])), world, "Paid.")
            events = await _events(resumed.resume(["c1"], thread_id="t"))
        await run.aclose()
    assert isinstance(events[-1], Answered)
    assert world.paid == ["5 to Ann"]


async def test_an_approval_is_worth_one_call_however_often_it_is_sent(saver: BaseCheckpointSaver[Any]) -> None:
    world = World()
    agent, _ = _agent(saver, world, _call(), "Paid.")
    await _events(agent.run(PAY, thread_id="t"))
    sent = await asyncio.gather(
        *(_events(agent.resume(["c1"], thread_id="t")) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in sent) == ["NotFound"] * 3 + ["list"]
    assert world.paid == ["5 to Ann"]
    with pytest.raises(NotFound, match="nothing waits"):
        await _events(agent.resume(["c1"], thread_id="t"))
    assert world.paid == ["5 to Ann"]


async def test_an_approval_of_one_call_is_none_of_another_with_its_id(saver: BaseCheckpointSaver[Any]) -> None:
    world = World()
    agent, _ = _agent(saver, world, _call(), _call(to="Eve", amount=900), "Refused.")
    first = await _waiting(agent, PAY)
    second = await _waiting(agent, "Pay 900 to Eve.")
    assert first.key != second.key
    assert second.call.id != first.call.id  # the model gave both the same
    for stale in (first.call.id, first.key):
        with pytest.raises(NotFound, match="waits for approval"):
            await _events(agent.resume([stale], thread_id="t"))
    await _events(agent.resume([second.key], thread_id="t"))
    assert world.paid == ["900 to Eve"]


async def test_a_key_of_a_forgotten_thread_approves_nothing_in_the_one_after_it(
    saver: BaseCheckpointSaver[Any],
) -> None:
    world = World()
    agent, _ = _agent(saver, world, _call(), _call())
    first = await _waiting(agent, PAY)
    await agent.forget("t")
    await _events(agent.run(PAY, thread_id="t"))
    with pytest.raises(NotFound):
        await _events(agent.resume([first.key], thread_id="t"))
    assert world.paid == []


@pytest.mark.parametrize("how", ["pending", "refused", "cancelled", "deadline", "left"])
async def test_however_a_run_with_calls_ended_the_next_question_is_well_formed(
    saver: BaseCheckpointSaver[Any], how: str
) -> None:
    world = World()
    slow = ToolCall(id="1", name="order", arguments={"what": "tea"})
    by_person = how in ("pending", "refused")
    turns: list[Turn] = [_call() if by_person else slow, *(["Then not."] if how == "refused" else []), "Fine.", "Fine."]
    agent, model = _agent(saver, world, *turns, **({"seconds": 2} if how == "deadline" else {}))
    run = agent.run(PAY if by_person else "Order tea", thread_id="t")
    if by_person:
        await _events(run)
        if how == "refused":
            await _events(agent.resume([], thread_id="t"))
    elif how == "deadline":
        with pytest.raises(DeadlineExceeded):
            await _events(run)
    elif how == "left":
        async with aclosing(run) as events:
            async for event in events:
                if event.type == "tool_call":
                    break
    else:
        task = asyncio.create_task(_events(run))
        await world.started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await agent.ask("What is 2 * 3?", thread_id="t")).text == "Fine."
    messages = model.requests[-1].messages
    assert _well_formed(messages)
    told = [message.content for message in messages if message.role == "tool"]
    # Who left before the calls were stored has left no call behind.
    expected = {"pending": ["not made"], "refused": ["refused"], "left": []}.get(how, ["may or may not"])
    assert len(told) == len(expected)
    assert all(word in text for word, text in zip(expected, told, strict=True))
    assert world.paid == (["tea"] if how in ("cancelled", "deadline") else [])
    await agent.ask("And 3 * 4?", thread_id="t")
    assert _well_formed(model.requests[-1].messages)


@pytest.mark.parametrize("read", [True, False])
async def test_a_call_that_was_cut_off_waits_for_a_person_who_reads_a_warning(
    saver: BaseCheckpointSaver[Any], read: bool
) -> None:
    world = World()
    agent, _ = _agent(saver, world, ToolCall(id="1", name="order", arguments={"what": "tea"}), "Ordered.")
    task = asyncio.create_task(_events(agent.run("Order tea", thread_id="t")))
    await world.started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (waiting,) = [e for e in await _events(agent.resume([], thread_id="t")) if isinstance(e, Interrupted)]
    assert "may have taken effect" in waiting.warning
    world.go_on.set()
    # Among the approved alone it does not run: whoever approves so has shown no warning.
    reply = {"approved": [], "unasked": ["1"]} if read else {"approved": ["1"]}
    events = await _events(agent.resume(**reply, thread_id="t"))
    (result,) = [e.result.content for e in events if isinstance(e, ToolReturned)]
    assert result == ("ordered tea" if read else "A person refused this call.")
    assert world.paid == (["tea", "tea"] if read else ["tea"])


async def test_a_graph_of_ones_own_shows_the_request_and_goes_on_by_its_id() -> None:
    world = World()
    agent, _ = _agent(InMemorySaver(serde=checkpoint_serializer()), world, _call(), "Paid.")
    config: Any = {"configurable": {"thread_id": "t"}}

    async def run(payload: Any) -> list[Any]:
        stream = agent.graph.astream(payload, config, context=Context(), stream_mode="custom", durability="sync")
        return [event async for event in stream]

    waiting = (await run({"question": PAY}))[-1]
    assert isinstance(waiting, Interrupted)
    (shown,) = (await agent.graph.aget_state(config)).interrupts
    assert shown.value["approve"][0]["key"] == waiting.key
    events = await run(Command(resume={"approved": ["c1"]}))
    assert isinstance(events[-1], Answered)
    assert world.paid == ["5 to Ann"]


async def test_a_saver_has_the_same_leases_and_journal_for_every_agent() -> None:
    saver = InMemorySaver()
    assert leases_of(saver) is leases_of(saver)
    assert journal_of(saver) is journal_of(saver)
    assert leases_of(InMemorySaver()) is not leases_of(saver)


STEPS = st.lists(st.sampled_from(["ask", "pay", "cancel", "approve", "refuse"]), min_size=1, max_size=6)


@pytest.mark.fuzz
@given(STEPS)
def test_whatever_happens_to_runs_a_thread_stays_usable_and_pays_what_was_approved(steps: list[str]) -> None:
    asyncio.run(_lived(steps))


async def _lived(steps: list[str]) -> None:
    world = World()
    turns: list[Turn] = []
    agent, model = _agent(InMemorySaver(serde=checkpoint_serializer()), world, *turns)
    script: list[Turn] = model._turns
    approved, waiting = 0, False
    for step in steps:
        script.clear()
        if step == "ask":
            script.append("Fine.")
            assert (await agent.ask("Hello", thread_id="t")).text == "Fine."
            waiting = False
        elif step == "pay":
            script.extend([_call(), "Paid."])
            events = await _events(agent.run(PAY, thread_id="t"))
            waiting = isinstance(events[-1], Interrupted)
            assert waiting
        elif step == "cancel":
            world.started.clear()
            script.extend([ToolCall(id="c1", name="look_up", arguments={"name": "Ann"}), "Found."])
            task = asyncio.create_task(_events(agent.run("Look Ann up", thread_id="t")))
            await world.started.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            waiting = False
        elif waiting:
            script.append("Done.")
            state = await agent.graph.aget_state({"configurable": {"thread_id": "default/anonymous/a/t"}})
            ids = [one["id"] for one in state.interrupts[0].value["approve"]]
            await _events(agent.resume(ids if step == "approve" else [], thread_id="t"))
            approved += step == "approve"
            waiting = False
        assert all(_well_formed(request.messages) for request in model.requests)
        assert len(world.paid) == approved
