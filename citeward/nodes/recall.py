"""Second node: a question that was answered before, in the same scope, is answered again at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.runtime import Runtime

from citeward.contracts.answer import Answer
from citeward.contracts.cache import Scope
from citeward.contracts.event import Cited, Routed, TextDelta
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.services import Services


class RecallState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    messages: list[AnyMessage]
    answer: Answer | None


def recall(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Look the question up; a hit is streamed like a fresh answer, with its citations.

    Only the first question of a thread is looked up: a later one may mean something else after what was said.
    """

    async def node(state: RecallState, runtime: Runtime[Context]) -> dict[str, Any]:
        active = context_of(runtime).services or services
        if active.cache is None or state.get("messages"):
            return {}
        answer = await active.cache.get(state["question"], await scope_of(active, runtime))
        if answer is None:
            return {}
        if answer.route is not None:
            emit(runtime, Routed(route=answer.route))
        emit(runtime, TextDelta(text=answer.text))
        for citation in answer.citations:
            emit(runtime, Cited(citation=citation))
        return {"answer": answer}

    return node


async def scope_of(services: Services, runtime: Runtime[Context]) -> Scope:
    """Within what an answer of this run may be given again."""
    principal = context_of(runtime).principal
    generation = await services.store.generation(tenant=principal.tenant) if services.store else ""
    return Scope(principal=principal, agent=services.agent, version=f"{services.version}/{generation}")
