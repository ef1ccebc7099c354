"""Last node: makes the answer, stores it where it may be given again, and closes the run's books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from citeward.contracts.answer import NOT_ENOUGH, Answer, Citation, Label, Outcome, Usage
from citeward.contracts.cache import Cache
from citeward.contracts.event import Answered, TextDelta, Used
from citeward.contracts.guardrail import Action, Verdict
from citeward.contracts.metering import ModelCall
from citeward.contracts.routing import Route
from citeward.errors import StoreError
from citeward.logs import get_logger
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.recall import scope_of
from citeward.nodes.services import Services
from citeward.nodes.usage import usage

logger = get_logger(__name__)


class SettleState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    run_id: str
    thread_id: str
    started_at: float
    first_token_at: float | None
    verdicts: tuple[Verdict, ...]
    blocked: str
    draft: str
    citations: tuple[Citation, ...]
    route: Route | None
    steps: int
    calls: tuple[ModelCall, ...]
    messages: list[AnyMessage]
    degraded: bool
    scope: str
    answer: Answer | None


def settle(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Compose the Answer from what the run left in its state; its text equals the joined deltas."""

    async def node(state: SettleState, runtime: Runtime[Context]) -> dict[str, Any]:
        active = context_of(runtime).services or services
        recalled = state.get("answer")
        if recalled is not None:
            answer = replace(
                recalled, cached=True, usage=_used(state), run_id=state["run_id"], thread_id=state["thread_id"]
            )
        else:
            answer = _composed(state, runtime)
            if active.cache is not None:
                await _store(active.cache, answer, state, active, runtime)
        emit(runtime, Used(usage=answer.usage))
        emit(runtime, Answered(answer=answer))
        said: list[AnyMessage] = []
        if recalled is not None:
            said = [HumanMessage(content=state["question"]), AIMessage(content=answer.text)]
        return {"answer": answer, "citations": answer.citations, "messages": said}

    return node


async def _store(
    cache: Cache, answer: Answer, state: SettleState, services: Services, runtime: Runtime[Context]
) -> None:
    """Keep the answer where it may be given again, and let those go on who wait for it."""
    try:
        if not state.get("scope") or not _repeatable(state, answer, services):
            return
        scope = await scope_of(services, runtime)
        # Where the documents changed while the run went on, nobody knows which of them it has read.
        if scope.version == state["scope"]:
            await cache.put(state["question"], answer, scope)
    except StoreError as error:
        logger.warning("settle.not_stored", run_id=state["run_id"], error=error.code)
    finally:
        await cache.turns.end(state["run_id"])


def _composed(state: SettleState, runtime: Runtime[Context]) -> Answer:
    blocked = state.get("blocked", "")
    text = state.get("draft", "")
    if blocked:
        notice = ("\n\n" if text else "") + f"This cannot be answered: {blocked}"
        emit(runtime, TextDelta(text=notice))
        text += notice
    outcome = Outcome.BLOCKED if blocked else Outcome.REFUSED if text.strip() == NOT_ENOUGH else Outcome.ANSWERED
    return Answer(
        text=text,
        outcome=outcome,
        citations=state.get("citations", ()),
        route=state.get("route"),
        verdicts=state.get("verdicts", ()),
        usage=_used(state),
        thread_id=state["thread_id"],
        run_id=state["run_id"],
    )


def _repeatable(state: SettleState, answer: Answer, services: Services) -> bool:
    """Whether the answer may be given again.

    Not where it was blocked or refused, cut off at the model's limit, not fully supported, touched or doubted by a
    guard, found by a search that was not whole, made with tools, or one of several in its thread.
    """
    messages = state.get("messages", [])
    return (
        answer.outcome is Outcome.ANSWERED
        and bool(answer.citations)
        and all(citation.label is not Label.UNSUPPORTED for citation in answer.citations)
        and all(verdict.action is Action.ALLOW for verdict in answer.verdicts)
        and not (state.get("degraded") and services.embedder is not None)
        and state.get("steps") == 1
        and sum(isinstance(message, HumanMessage) for message in messages) == 1
        and not any(isinstance(message, ToolMessage) for message in messages)
        and all(message.response_metadata.get("finish_reason", "stop") == "stop" for message in messages)
    )


def _used(state: SettleState) -> Usage:
    return usage(state.get("calls", ()), started_at=state["started_at"], first_token_at=state.get("first_token_at"))
