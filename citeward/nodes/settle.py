"""Last node: makes the answer, stores it where it may be given again, and closes the run's books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime
from pydantic import SecretStr

from citeward.contracts.answer import NOT_ENOUGH, Answer, Outcome, Usage
from citeward.contracts.cache import Cache
from citeward.contracts.citation import Citation, Label
from citeward.contracts.event import Answered, Guarded, TextDelta, Used
from citeward.contracts.guardrail import Action, Verdict
from citeward.contracts.metering import ModelCall
from citeward.contracts.model import FinishReason
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.errors import StoreError
from citeward.guardrails.vault import Vault
from citeward.logs import get_logger
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.outgoing import outgoing, this_turn
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
    passages: tuple[Passage, ...]
    vault: dict[str, SecretStr]
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
    """Compose the Answer from what the run left in its state; its text equals the joined deltas.

    First the guards judge it that can only judge a whole answer. What was streamed cannot be taken back: where one
    blocks, the answer gets a notice at its end and the outcome `blocked`, and it is not given again.
    """

    async def node(state: SettleState, runtime: Runtime[Context]) -> dict[str, Any]:
        active = context_of(runtime).services or services
        recalled = state.get("answer")
        if recalled is not None:
            answer = replace(
                recalled,
                cached=True,
                verdicts=state.get("verdicts", ()),
                usage=_used(state),
                run_id=state["run_id"],
                thread_id=state["thread_id"],
            )
        else:
            answer = _composed(state, runtime, await _reviewed(state, active, runtime))
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


async def _reviewed(state: SettleState, services: Services, runtime: Runtime[Context]) -> tuple[Verdict, ...]:
    """What the guards of whole answers say, and the sink is told; nothing where no model has answered."""
    draft = state.get("draft", "")
    if state.get("blocked") or not draft.strip() or draft.strip() == NOT_ENOUGH:
        return ()
    turn = this_turn(state.get("messages", []))
    vault = Vault.load(state.get("vault") or {})
    verdicts = await services.rails.review(draft, outgoing(services, state, turn=turn), vault=vault)
    for verdict in verdicts:
        emit(runtime, Guarded(verdict=verdict))
    return verdicts


def _composed(state: SettleState, runtime: Runtime[Context], reviewed: tuple[Verdict, ...]) -> Answer:
    text = state.get("draft", "")
    withdrawn = next((verdict.reason for verdict in reviewed if verdict.action is Action.BLOCK), "")
    blocked = state.get("blocked", "") or withdrawn
    if blocked:
        notice = f"This answer cannot stand: {blocked}" if withdrawn else f"This cannot be answered: {blocked}"
        notice = ("\n\n" if text else "") + notice
        emit(runtime, TextDelta(text=notice))
        text += notice
    outcome = Outcome.BLOCKED if blocked else Outcome.REFUSED if text.strip() == NOT_ENOUGH else Outcome.ANSWERED
    return Answer(
        text=text,
        outcome=outcome,
        citations=state.get("citations", ()),
        route=state.get("route"),
        verdicts=(*state.get("verdicts", ()), *reviewed),
        finish_reason=_finish_reason(state),
        usage=_used(state),
        thread_id=state["thread_id"],
        run_id=state["run_id"],
    )


def _finish_reason(state: SettleState) -> FinishReason | None:
    """What the model said last in this turn."""
    last = state["messages"][-1] if state.get("steps") and state.get("messages") else None
    return last.response_metadata.get("finish_reason") if isinstance(last, AIMessage) else None


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
