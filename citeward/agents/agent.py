"""One agent, ready to be asked: a compiled graph and how a run of it is started."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command
from pydantic import SecretStr

from citeward.agents.spec import AgentSpec
from citeward.agents.threads import Lists, Said, Thread, said, scoped_thread
from citeward.contracts.answer import Answer
from citeward.contracts.event import Answered, Event, Failed
from citeward.contracts.principal import Principal
from citeward.errors import CheckpointError, CitewardError, RunError
from citeward.graphs.state import ChatInput, ChatOutput, ChatState
from citeward.nodes.context import Context
from citeward.nodes.services import Services

CompiledChatGraph = CompiledStateGraph[ChatState, Context, ChatInput, ChatOutput]


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent's declaration, its parts, and its compiled graph."""

    spec: AgentSpec
    services: Services
    graph: CompiledChatGraph

    async def ask(
        self,
        question: str,
        *,
        principal: Principal | None = None,
        thread_id: str | None = None,
        history: Sequence[AnyMessage] = (),
    ) -> Answer:
        """Run one question to its answer.

        Args:
            question: What the user typed.
            principal: Who asks; the anonymous reader of the default tenant where None.
            thread_id: Goes on with this thread; a thread of its own where None.
            history: What was said before, where that is not in the thread: oldest first. All of it is checked as the
                user's words, and none of it overrides the agent's prompt.

        Raises:
            CitewardError: The question was not usable, or the run failed.
        """
        run = self.run(question, principal=principal, thread_id=thread_id, history=history)
        return await answer_of(run)

    async def run(
        self,
        question: str,
        *,
        principal: Principal | None = None,
        thread_id: str | None = None,
        history: Sequence[AnyMessage] = (),
    ) -> AsyncGenerator[Event, None]:
        """The run's events as they happen; the last is `Answered`, or `Interrupted` where a person must approve.

        Raises:
            CitewardError: The question was not usable, or the run failed.
        """
        asked: ChatInput = {"question": SecretStr(question)}
        async with aclosing(self._run(asked, principal or Principal(), thread_id, history)) as events:
            async for event in events:
                yield event

    async def resume(
        self,
        approved: Sequence[str],
        *,
        unasked: Sequence[str] = (),
        thread_id: str,
        principal: Principal | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Go on with a run that waits for approval.

        Args:
            approved: Ids of the calls that a person approved. A call that was shown with a warning does not run by
                this alone.
            unasked: Ids of the calls that a person approved after reading the warning.
            thread_id: The run's thread.
            principal: Who asked.
        """
        command: Command[Any] = Command(resume={"approved": list(approved), "unasked": list(unasked)})
        async with aclosing(self._run(command, principal or Principal(), thread_id)) as events:
            async for event in events:
                yield event

    async def forget(self, thread_id: str, *, principal: Principal | None = None) -> bool:
        """Delete all that is kept of a thread; whether there was anything.

        A run that still goes on in the thread keeps its own end: stop it first.

        Args:
            thread_id: The thread's name, as `run` was given it.
            principal: Whose thread it is; nobody deletes another's.

        Raises:
            CheckpointError: It could not be deleted for good.
        """
        saver = self._saver()
        scoped = scoped_thread(principal or Principal(), self.spec.name, thread_id)
        try:
            there = await saver.aget_tuple({"configurable": {"thread_id": scoped}}) is not None
        except CheckpointError:
            there = True  # what can be read no more can still be deleted
        await saver.adelete_thread(scoped)
        return there

    async def said(self, thread_id: str, *, principal: Principal | None = None) -> list[Said]:
        """What was said in a thread, with the user's own values back; empty where there is no such thread.

        Raises:
            CheckpointError: It cannot be read.
        """
        self._saver()
        scoped = scoped_thread(principal or Principal(), self.spec.name, thread_id)
        return said((await self.graph.aget_state({"configurable": {"thread_id": scoped}})).values)

    async def threads(self, *, principal: Principal | None = None) -> list[Thread]:
        """The principal's threads with this agent, the last changed first.

        Raises:
            CheckpointError: What keeps the threads cannot list them.
        """
        saver = self._saver()
        if not isinstance(saver, Lists):
            raise CheckpointError(
                f"{type(saver).__name__} cannot list threads", hint="Ask the database itself, or name the thread."
            )
        prefix = scoped_thread(principal or Principal(), self.spec.name, "")
        return [Thread.of(stored, prefix) for stored in await saver.stored(prefix)]

    def _saver(self) -> BaseCheckpointSaver[Any]:
        saver = self.graph.checkpointer
        if isinstance(saver, BaseCheckpointSaver):
            return saver
        raise CheckpointError(
            f"the agent {self.spec.name!r} keeps no threads", hint="Compile its graph with a checkpointer."
        )

    async def _run(
        self,
        payload: ChatInput | Command[Any],
        principal: Principal,
        thread_id: str | None,
        history: Sequence[AnyMessage] = (),
    ) -> AsyncGenerator[Event, None]:
        shown = thread_id or uuid4().hex
        config: RunnableConfig = {"configurable": {"thread_id": scoped_thread(principal, self.spec.name, shown)}}
        deadline = time.time() + self.spec.limits.seconds
        context = Context(principal=principal, deadline=deadline, thread_id=shown, history=tuple(history))
        stream = self.graph.astream(payload, config, context=context, stream_mode="custom", durability="exit")
        try:
            async with aclosing(cast("AsyncGenerator[Any, None]", stream)) as events:
                async for event in events:
                    yield cast("Event", event)
        finally:
            # Failed, cancelled or left by its reader: those who wait for this run's answer must not wait on.
            if self.services.cache is not None:
                await self.services.cache.turns.end(context.run_id)


async def answer_of(events: AsyncGenerator[Event, None]) -> Answer:
    """Run to the end and return the answer; what follows the answer is the thread being kept.

    Raises:
        RunError: The run stopped before its answer.
        CitewardError: The run failed.
    """
    answer = None
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answered):
                answer = event.answer
    if answer is None:
        raise waiting()
    return answer


def waiting() -> RunError:
    """Says that a run stopped for a person."""
    return RunError(
        "the run stopped before its answer: a tool call waits for approval",
        hint="Use `run`, ask a person, and go on with `resume`.",
    )


async def ending_in_failed(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """The same events; an error is the last of them, `Failed`, instead of an exception: what a wire format sends."""
    try:
        async for event in events:
            yield event
    except CitewardError as error:
        yield Failed(
            code=error.code,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
            status=error.status,
            retry_after=error.retry_after,
        )
