"""Fourth node: chooses the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from citeward.contracts.event import Routed
from citeward.contracts.guardrail import Action, Verdict
from citeward.contracts.metering import ModelCall
from citeward.contracts.retrieval import Passage, Vector
from citeward.contracts.routing import Features, Route
from citeward.logs import get_logger
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.conversation import to_model
from citeward.nodes.services import Services

_BYTES = 4
"""UTF-8 bytes a token has, about: four letters of a Latin script, a character and a third of a CJK one."""

logger = get_logger(__name__)


class RouteState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    vector: Vector | None
    """The question's own vector, where the search has made it in this very run; no checkpoint keeps it."""
    passages: tuple[Passage, ...]
    verdicts: tuple[Verdict, ...]
    messages: list[AnyMessage]
    route: Route | None
    thread_model: str
    """The model that was chosen last in this thread, so that the thread can keep it."""
    calls: tuple[ModelCall, ...]


def route(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Ask the router, with what is known of the question by now; its reason and scores go to the sink and the log."""

    async def node(state: RouteState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        chosen = await active.router.choose(_features(state, active, context))
        emit(runtime, Routed(route=chosen))
        logger.info(
            "route.chosen",
            run_id=context.run_id,
            tenant=context.principal.tenant,
            agent=active.agent,
            model=chosen.model,
            tier=chosen.tier,
            fallbacks=list(chosen.fallbacks),
            reason=chosen.reason,
            scores={name: round(score, 4) for name, score in chosen.scores.items()},
        )
        return {"route": chosen, "thread_model": chosen.model}

    return node


def _features(state: RouteState, services: Services, context: Context) -> Features:
    passages = state.get("passages", ())
    messages = state.get("messages") or []
    earlier = state.get("route")
    vector = state.get("vector")
    return Features(
        question=state["question"],
        tenant=context.principal.tenant,
        vector=vector,
        space=services.embedder.name if vector is not None and services.embedder is not None else "",
        passages=len(passages),
        best_score=max((passage.score for passage in passages), default=0.0),
        prompt_tokens=_tokens(state["question"], passages, messages),
        answer_tokens=services.sampling.max_tokens or 0,
        needs_tools=services.tools is not None,
        private=any(v.guard == "pii" and v.action is Action.FLAG for v in state.get("verdicts", ())),
        # Within a turn the last message is a tool's; where a new turn begins, it is an answer or nothing.
        tools_in_progress=earlier.model if earlier and messages and isinstance(messages[-1], ToolMessage) else None,
        thread_model=state.get("thread_model") or None,
        spent=sum(call.cost for call in state.get("calls", ())),
        tiers=services.tiers,
    )


def _tokens(question: str, passages: Sequence[Passage], messages: Sequence[AnyMessage]) -> int:
    """About how long the prompt will be: question, passages, and what the model reads of the thread."""
    said = to_model([*messages, HumanMessage(content=question)])
    texts = (*(message.content for message in said), *(passage.text for passage in passages))
    return sum(len(text.encode("utf-8", "replace")) for text in texts) // _BYTES
