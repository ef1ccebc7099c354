"""Fourth node: chooses the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langgraph.runtime import Runtime

from citeward.contracts.event import Routed
from citeward.contracts.guardrail import Action, Verdict
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Features, Route
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.services import Services


class RouteState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    passages: tuple[Passage, ...]
    verdicts: tuple[Verdict, ...]
    route: Route | None


def route(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Ask the router, with what is known of the question by now."""

    async def node(state: RouteState, runtime: Runtime[Context]) -> dict[str, Any]:
        active = context_of(runtime).services or services
        passages = state.get("passages", ())
        text = len(state["question"]) + sum(len(passage.text) for passage in passages)
        chosen = await active.router.choose(
            Features(
                question=state["question"],
                passages=len(passages),
                best_score=max((passage.score for passage in passages), default=0.0),
                prompt_tokens=text // 4,
                needs_tools=active.tools is not None,
                private=any(v.guard == "pii" and v.action is Action.FLAG for v in state.get("verdicts", ())),
                tiers=active.tiers,
            )
        )
        emit(runtime, Routed(route=chosen))
        return {"route": chosen}

    return node
