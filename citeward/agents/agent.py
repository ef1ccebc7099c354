"""One agent, ready to be asked: a compiled graph and how a run of it is started."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from citeward.agents.spec import AgentSpec
from citeward.contracts.answer import Answer
from citeward.contracts.event import Answered, Event, Failed
from citeward.contracts.principal import Principal
from citeward.errors import CitewardError, RunError
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

    async def ask(self, question: str, *, principal: Principal | None = None, thread_id: str | None = None) -> Answer:
        """Run one question to its answer.

        Args:
            question: What the user typed.
            principal: Who asks; the anonymous reader of the default tenant where None.
            thread_id: Goes on with this thread; a thread of its own where None.

        Raises:
            CitewardError: The question was not usable, or the run failed.
        """
        async with aclosing(self.run(question, principal=principal, thread_id=thread_id)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return event.answer
        raise RunError(
            "the run stopped before its answer: a tool call waits for approval",
            hint="Use `run`, ask a person, and go on with `resume`.",
        )

    async def run(
        self, question: str, *, principal: Principal | None = None, thread_id: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """The run's events as they happen; the last is `Answered`, or `Interrupted` where a person must approve.

        Raises:
            CitewardError: The question was not usable, or the run failed.
        """
        async with aclosing(self._run({"question": question}, principal or Principal(), thread_id)) as events:
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

    async def _run(
        self, payload: ChatInput | Command[Any], principal: Principal, thread_id: str | None
    ) -> AsyncGenerator[Event, None]:
        shown = thread_id or uuid4().hex
        config: RunnableConfig = {"configurable": {"thread_id": scoped_thread(principal, self.spec.name, shown)}}
        deadline = time.time() + self.spec.limits.seconds
        context = Context(principal=principal, deadline=deadline, thread_id=shown)
        stream = self.graph.astream(payload, config, context=context, stream_mode="custom", durability="exit")
        try:
            async for event in stream:
                yield cast("Event", event)
        finally:
            # Failed, cancelled or left by its reader: those who wait for this run's answer must not wait on.
            if self.services.cache is not None:
                await self.services.cache.turns.end(context.run_id)


def scoped_thread(principal: Principal, agent: str, thread_id: str) -> str:
    """The checkpointer's thread id: the same name in another tenant, for another subject or agent is another thread."""
    parts = (principal.tenant, principal.subject, agent, thread_id)
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


async def ending_in_failed(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """The same events; an error is the last of them, `Failed`, instead of an exception: what a wire format sends."""
    try:
        async for event in events:
            yield event
    except CitewardError as error:
        yield Failed(
            code=error.code, message=error.message, hint=error.hint, retryable=error.retryable, status=error.status
        )
