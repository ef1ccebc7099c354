"""Second node: a question that was answered before, in the same scope, is answered again at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.runtime import Runtime

from citeward.cache.once import get_once
from citeward.contracts.answer import Answer
from citeward.contracts.cache import Scope
from citeward.contracts.event import Cited, Routed, TextDelta
from citeward.contracts.guardrail import Action, Verdict
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.deadline import remaining
from citeward.nodes.services import Services

TURN = 60.0
"""Seconds for which identical questions wait for a run without a deadline that was started and never ended."""


class RecallState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    run_id: str
    verdicts: tuple[Verdict, ...]
    messages: list[AnyMessage]
    answer: Answer | None
    scope: str
    """Version of the scope in which the question was looked up; empty where it was not."""


def recall(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Look the question up; a hit is streamed like a fresh answer, with its citations.

    Only the first question of a thread is looked up: a later one may mean something else after what was said. A
    question in which personal data was masked is not either: its placeholders stand for other values in each thread.

    Where another run is just computing the answer to the same question, it is waited for, half of the run's time at
    most. On a miss this run holds the turn until `settle` ends it, the agent's run ends, or its time is over.
    """

    async def node(state: RecallState, runtime: Runtime[Context]) -> dict[str, Any]:
        active = context_of(runtime).services or services
        masked = any(verdict.action is Action.MODIFY for verdict in state.get("verdicts", ()))
        if active.cache is None or state.get("messages") or masked:
            return {"scope": ""}
        scope = await scope_of(active, runtime)
        left = remaining(runtime)
        answer = await get_once(
            active.cache,
            state["question"],
            scope,
            run_id=state["run_id"],
            wait=(TURN if left is None else left) / 2,
            seconds=TURN if left is None else left,
        )
        if answer is None:
            return {"scope": scope.version}
        if answer.route is not None:
            emit(runtime, Routed(route=answer.route))
        emit(runtime, TextDelta(text=answer.text))
        for citation in answer.citations:
            emit(runtime, Cited(citation=citation))
        return {"answer": answer, "scope": scope.version}

    return node


async def scope_of(services: Services, runtime: Runtime[Context]) -> Scope:
    """Within what an answer of this run may be given again."""
    principal = context_of(runtime).principal
    generation = await services.store.generation(tenant=principal.tenant) if services.store else ""
    return Scope.of(principal, agent=services.agent, version=f"{services.version}/{generation}")
