"""Third node: finds the passages that the answer may use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from citeward.contracts.event import Guarded, Passages
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.contracts.retrieval import Hit, Passage
from citeward.errors import NotFound
from citeward.guardrails.vault import Vault
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.services import Services
from citeward.retrieval.context import pack
from citeward.text.followup import leans

CANDIDATES = 20
"""Passages that search hands to the reranker."""


class RetrieveState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    messages: list[AnyMessage]
    vault: dict[str, str]
    verdicts: tuple[Verdict, ...]
    passages: tuple[Passage, ...]
    degraded: bool
    """True where a part of the search could not be done: no vector leg, or the reranker failed."""


def retrieve(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Embed the question, search, rerank, pack to the token budget, and drop passages that carry instructions."""

    async def node(state: RetrieveState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        if active.store is None:
            return {}
        # The store is the team's own, so it is searched with what the user typed, not with placeholders.
        query = Vault.load(state.get("vault") or {}).restore(_query(state))
        hits = await _search(active, query, context)
        candidates = [hit.passage for hit in hits]
        degraded = any(hit.degraded for hit in hits)
        if active.reranker is not None and candidates:
            candidates = await active.reranker.rerank(query, candidates, limit=CANDIDATES)
        safe, verdicts = await _guarded(active, candidates[: 2 * active.limits.passages])
        for verdict in verdicts:
            emit(runtime, Guarded(verdict=verdict))
        passages = tuple(pack(safe, limit=active.limits.passages, max_tokens=active.limits.context_tokens))
        emit(runtime, Passages(passages=passages, degraded=degraded))
        return {"passages": passages, "degraded": degraded, "verdicts": (*state.get("verdicts", ()), *verdicts)}

    return node


def _query(state: RetrieveState) -> str:
    """The question; one that leans on the question before it is searched together with that one."""
    question = state["question"]
    earlier = [message for message in state.get("messages") or [] if isinstance(message, HumanMessage)]
    if earlier and leans(question):
        return f"{earlier[-1].content} {question}"
    return question


async def _search(services: Services, query: str, context: Context) -> list[Hit]:
    store = services.store
    if store is None:
        return []
    vector = (await services.embedder.embed([query], queries=True))[0] if services.embedder is not None else None
    try:
        return await store.search(
            query,
            vector,
            alpha=services.alpha,
            limit=CANDIDATES,
            filters=services.filters,
            tenant=context.principal.tenant,
            groups=context.principal.groups,
        )
    except NotFound:
        # A tenant that has no documents yet: nothing is found, and the answer will say so.
        return []


async def _guarded(services: Services, passages: list[Passage]) -> tuple[list[Passage], tuple[Verdict, ...]]:
    """The passages that may stand in a prompt, and the verdicts on those that were flagged or dropped."""
    results = await asyncio.gather(*(services.rails.check(p.text, origin=Origin.RETRIEVED) for p in passages))
    safe = [passage for passage, checked in zip(passages, results, strict=True) if not checked.blocked]
    notable = tuple(v for checked in results for v in checked.verdicts if v.action in (Action.BLOCK, Action.FLAG))
    return safe, notable
