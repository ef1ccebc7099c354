"""First node: the question is checked before anything else sees it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime
from pydantic import SecretStr

from citeward.contracts.answer import Answer
from citeward.contracts.event import Guarded, Started
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.errors import InvalidInput
from citeward.guardrails.vault import Vault
from citeward.nodes.act import close_calls
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.history import guarded_history, refuse_unusable_history
from citeward.nodes.services import Services
from citeward.nodes.usable import refuse_unusable


class GuardInputState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str | SecretStr
    """In: what the user typed. From here on: text, with placeholders where the policy masks."""
    messages: list[AnyMessage]
    """In: the thread. Out: answers for the calls that it left without a result, and the context's history, as far as
    the guards let it pass."""
    run_id: str
    """In: of the run before."""
    steps: int
    thread_id: str
    started_at: float
    """Unix time in seconds."""
    verdicts: tuple[Verdict, ...]
    vault: dict[str, SecretStr]
    """Placeholder to value, kept for the thread."""
    blocked: str
    """Why a guard stopped the run; empty where none did."""


def guard_input(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Check length, injection and PII; mask what the policy masks; begin the turn with a clean state.

    Calls that an earlier run left without a result, because it was cancelled, cut off or never approved, are answered
    here: from now on nobody can approve them.

    Raises (in the node):
        InvalidInput: The question is empty or not text, or holds half a character (a lone surrogate).
        InputTooLong: It, or a message of the user's before it, has more characters than the policy takes.
    """

    async def node(state: GuardInputState, config: RunnableConfig, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        rails = active.rails
        question = _question(state, rails.policy.max_input_chars)
        history = context.history
        refuse_unusable_history(history, rails.policy.max_input_chars)
        thread_id = context.thread_id or str(config.get("configurable", {}).get("thread_id", ""))
        emit(runtime, Started(run_id=context.run_id, thread_id=thread_id, agent=services.agent))
        vault = Vault.load(state.get("vault") or {})
        closed = await close_calls(state, config, active, context, vault)
        earlier = await guarded_history(history, rails, vault)
        checked = await rails.check(question, origin=Origin.USER, vault=vault)
        verdicts = (*closed.verdicts, *earlier.verdicts, *checked.notable)
        for verdict in verdicts:
            emit(runtime, Guarded(verdict=verdict))
        blocking = next((verdict for verdict in checked.notable if verdict.action is Action.BLOCK), None)
        return {
            "question": checked.text if blocking is None else "",
            "run_id": context.run_id,
            "thread_id": thread_id,
            "started_at": time.time(),
            "messages": [*closed.messages, *earlier.messages],
            "verdicts": verdicts,
            "vault": vault.kept(),
            "blocked": blocking.reason if blocking else "",
            **_fresh_turn(),
        }

    return node


def _question(state: GuardInputState, limit: int) -> str:
    question = state.get("question")
    if isinstance(question, SecretStr):
        question = question.get_secret_value()
    if not isinstance(question, str):
        raise InvalidInput(f"the question is a {type(question).__name__}, not text", hint='Give {"question": "…"}.')
    if not question.strip():
        raise InvalidInput(f"the question is empty: {question!r}", hint="Ask something.")
    refuse_unusable(question, what="the question", limit=limit)
    return question


def _fresh_turn() -> dict[str, Any]:
    """What an earlier turn of the thread left behind, emptied."""
    answer: Answer | None = None
    return {
        "answer": answer,
        "passages": (),
        "route": None,
        "draft": "",
        "unfinished": None,
        "citations": (),
        "steps": 0,
        "calls": (),
        "first_token_at": None,
        "degraded": False,
    }
