"""One agent, ready to be asked: a compiled graph and how a run of it is started."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command
from pydantic import SecretStr

from citeward.agents.spec import AgentSpec
from citeward.agents.threads import Lists, Said, Thread, reply_to, requests_of, said, scoped_thread
from citeward.contracts.answer import Answer
from citeward.contracts.event import Answered, Event, Failed, Interrupted
from citeward.contracts.principal import Principal
from citeward.errors import CheckpointError, CitewardError, NotFound, RunError
from citeward.graphs.leases import Lease, leases_of, still_storing
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

        One run at a time works in a thread: this one waits up to `limits.queue` seconds for the one before it. When
        `Interrupted` comes, the thread is stored and can be gone on with, by this process or another.

        Raises:
            ThreadBusy: The run before it in the thread went on for too long.
            CitewardError: The question was not usable, or the run failed.
        """
        asked: ChatInput = {"question": SecretStr(question)}
        shown, principal = thread_id or uuid4().hex, principal or Principal()
        waiting: list[Interrupted] = []
        async with self._leased(shown, principal) as config:
            context = self._context(principal, shown, history)
            async with aclosing(self._events(asked, config, context, waiting)) as events:
                async for event in events:
                    yield event
        for request in waiting:
            yield request

    async def resume(
        self,
        approved: Sequence[str],
        *,
        unasked: Sequence[str] = (),
        thread_id: str,
        principal: Principal | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Go on with a run that waits for approval, or that was cut off: by a crash, a cancellation or its deadline.

        An approval counts for the call that waits now, with its arguments, and once. A call that may have been made
        before the run was cut off waits for a person again, with a warning. After the thread's next question nobody
        can go on with the run.

        Args:
            approved: Ids, or keys, of the calls that a person approved; what waits and is not named is refused. A call
                that was shown with a warning does not run by this alone.
            unasked: Ids, or keys, of the calls that a person approved after reading the warning.
            thread_id: The run's thread.
            principal: Who asked.

        Raises:
            NotFound: Nothing waits in the thread, or not the calls that are named.
            ThreadBusy: Another run works in the thread.
        """
        principal = principal or Principal()
        waiting: list[Interrupted] = []
        async with self._leased(thread_id, principal) as config:
            payload = await self._reply(approved, unasked, thread_id, config)
            context = self._context(principal, thread_id, ())
            async with aclosing(self._events(payload, config, context, waiting)) as events:
                async for event in events:
                    yield event
        for request in waiting:
            yield request

    async def forget(self, thread_id: str, *, principal: Principal | None = None) -> bool:
        """Delete all that is kept of a thread; whether there was anything.

        A run that goes on in the thread is waited for, up to `limits.queue` seconds.

        Args:
            thread_id: The thread's name, as `run` was given it.
            principal: Whose thread it is; nobody deletes another's.

        Raises:
            ThreadBusy: A run goes on in the thread.
            CheckpointError: It could not be deleted for good.
        """
        saver = self._saver()
        async with self._leased(thread_id, principal or Principal()) as config:
            scoped = config["configurable"]["thread_id"]
            try:
                there = await saver.aget_tuple(config) is not None
            except CheckpointError:
                there = True  # what can be read no more can still be deleted
            await self.services.journal.forget(scoped)
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

    @asynccontextmanager
    async def _leased(self, name: str, principal: Principal) -> AsyncIterator[RunnableConfig]:
        """The thread's config, with its lease held."""
        thread_id = scoped_thread(principal, self.spec.name, name)
        leases = leases_of(self.graph.checkpointer)
        lease = await Lease.take(leases, thread_id, name=name, wait=self.spec.limits.queue)
        storing = None
        try:
            yield {"configurable": {"thread_id": thread_id}}
        except BaseException as error:
            storing = still_storing(error)
            raise
        finally:
            await lease.release(after=storing)

    async def _reply(
        self, approved: Sequence[str], unasked: Sequence[str], name: str, config: RunnableConfig
    ) -> Command[Any] | None:
        """What the graph goes on with: a person's reply, or nothing for a run that was cut off."""
        self._saver()
        state = await self.graph.aget_state(config)
        if not state.next:
            raise NotFound(
                f"nothing waits in the thread {name!r}",
                hint="The run has ended, or another question was asked since. Ask again.",
            )
        if not state.interrupts:
            return None
        return Command(resume=reply_to(requests_of(state.interrupts), approved, unasked))

    def _context(self, principal: Principal, name: str, history: Sequence[AnyMessage]) -> Context:
        deadline = time.time() + self.spec.limits.seconds
        return Context(principal=principal, deadline=deadline, thread_id=name, history=tuple(history))

    async def _events(
        self,
        payload: ChatInput | Command[Any] | None,
        config: RunnableConfig,
        context: Context,
        waiting: list[Interrupted],
    ) -> AsyncGenerator[Event, None]:
        """The graph's events, but for requests for approval: those are kept until the graph has stored its state."""
        stream = self.graph.astream(
            payload, config, context=context, stream_mode="custom", durability=self._durability(context.principal)
        )
        try:
            async with aclosing(cast("AsyncGenerator[Any, None]", stream)) as events:
                async for event in events:
                    if isinstance(event, Interrupted):
                        waiting.append(event)
                    else:
                        yield cast("Event", event)
        finally:
            # Failed, cancelled or left by its reader: those who wait for this run's answer must not wait on.
            if self.services.cache is not None:
                await self.services.cache.turns.end(context.run_id)

    def _durability(self, principal: Principal) -> Literal["sync", "exit"] | None:
        """`sync` stores the state after each node, so that a run with side effects goes on after a crash; a plain
        question is asked again, and its state is stored once, at its end."""
        if self.graph.checkpointer is None:
            return None
        specs = self.services.tools(principal).specs() if self.services.tools is not None else ()
        return "sync" if any(spec.journaled for spec in specs) else "exit"


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
