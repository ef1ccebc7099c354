"""Third node: finds the passages that the answer may use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from pydantic import SecretStr

from citeward.contracts.event import Guarded, Passages
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.contracts.model import leaves
from citeward.contracts.retrieval import Hit, Passage, Reranker, Vector
from citeward.errors import NotFound
from citeward.guardrails.masker import masked
from citeward.guardrails.vault import Vault
from citeward.logs import get_logger
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.conversation import shown
from citeward.nodes.deadline import remaining
from citeward.nodes.services import Services
from citeward.retrieval.context import pack, texts_between
from citeward.text.followup import leans

CANDIDATES = 20
"""Passages that search hands to the reranker; `Limits.passages` of them, 5 by default, reach the prompt."""
PATIENCE = 5.0
"""Seconds that a reranker may take; of a run's last seconds it gets half, so that an answer can still be given."""

logger = get_logger(__name__)


class RetrieveState(TypedDict, total=False):
    """What the node reads and writes."""

    question: str
    messages: list[AnyMessage]
    vault: dict[str, SecretStr]
    verdicts: tuple[Verdict, ...]
    passages: tuple[Passage, ...]
    degraded: bool
    """True where a part of the search could not be done: no vector leg, or the reranker failed."""
    vector: Vector | None
    """Out: the question's vector, where it was searched for as it stands; the router need not make it again."""


def retrieve(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Embed the question, search, rerank, pack to the token budget, and drop passages that carry instructions."""

    async def node(state: RetrieveState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        if active.store is None:
            return {}
        # The store is the team's own, so it is searched with what the user typed, not with placeholders; an embedder
        # or a reranker that stands elsewhere sees those.
        vault = Vault.load(state.get("vault") or {})
        query = vault.restore(_query(state), in_addresses=True)
        hits, vector = await _search(active, query, context, vault)
        found = [hit.passage for hit in hits]
        ranked = await _reranked(active.reranker, query, found, runtime, vault) if active.reranker and found else found
        degraded = ranked is None or any(hit.degraded for hit in hits)
        candidates = found if ranked is None else ranked
        passages, guarded = await _chosen(active, candidates[: 2 * active.limits.passages], context)
        for event in guarded:
            emit(runtime, event)
        emit(runtime, Passages(passages=shown(passages), degraded=degraded))
        return {
            "passages": passages,
            "degraded": degraded,
            "verdicts": (*state.get("verdicts", ()), *(event.verdict for event in guarded)),
            "vector": vector if query == state["question"] else None,
        }

    return node


def _query(state: RetrieveState) -> str:
    """The question; one that leans on the question before it is searched together with that one."""
    question = state["question"]
    earlier = [message for message in state.get("messages") or [] if isinstance(message, HumanMessage)]
    if earlier and leans(question):
        return f"{earlier[-1].content} {question}"
    return question


async def _search(services: Services, query: str, context: Context, vault: Vault) -> tuple[list[Hit], Vector | None]:
    """What the store finds, and the vector that it was asked with."""
    store = services.store
    if store is None:
        return [], None
    vector = None
    if services.embedder is not None:
        shown = masked(query, vault) if leaves(services.embedder) else query
        vector = (await services.embedder.embed([shown], queries=True))[0]
    try:
        hits = await store.search(
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
        return [], vector
    return hits, vector


def patience(left: float | None) -> float:
    """Seconds that a reranker gets of those that a run has left; None where the run has no deadline.

    >>> patience(None), patience(60.0), patience(2.0)
    (5.0, 5.0, 1.0)
    """
    return PATIENCE if left is None else min(PATIENCE, left / 2)


async def _reranked(
    reranker: Reranker, query: str, candidates: Sequence[Passage], runtime: Runtime[Context], vault: Vault
) -> list[Passage] | None:
    """The candidates in the reranker's order; None where it fails or takes too long, whatever the reason: the search's
    own order is a good answer, and no reranker is worth a run."""
    context = context_of(runtime)
    seconds = patience(remaining(runtime))
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            return await _ranked(reranker, query, candidates, context, vault)
    except Exception as error:  # noqa: BLE001 - a reranker is anybody's code, and whatever it raises ends here
        logger.warning(
            "retrieve.rerank_failed",
            run_id=context.run_id,
            reranker=type(reranker).__name__,
            error=getattr(error, "code", type(error).__name__),
            seconds=round(time.monotonic() - began, 3),
        )
        return None


async def _ranked(
    reranker: Reranker, query: str, candidates: Sequence[Passage], context: Context, vault: Vault
) -> list[Passage]:
    tenant, limit = context.principal.tenant, len(candidates)
    if not leaves(reranker) or not len(vault):
        return await reranker.rerank(query, candidates, limit=limit, tenant=tenant)
    whole = {passage.id: passage for passage in candidates}
    shown = [replace(passage, text=masked(passage.text, vault, escape=False)) for passage in candidates]
    ranked = await reranker.rerank(masked(query, vault), shown, limit=limit, tenant=tenant)
    return [replace(passage, text=whole[passage.id].text) for passage in ranked]


async def _chosen(
    services: Services, candidates: Sequence[Passage], context: Context
) -> tuple[tuple[Passage, ...], tuple[Guarded, ...]]:
    """The passages that stand in the prompt, and what is told of those that were flagged or dropped.

    Neighbours that were made one are checked again, so that instructions which go on from one passage to the next
    are read as the model would read them.
    """
    store, limits = services.store, services.limits

    async def stored_text(document_id: str) -> str:
        if store is None:
            return ""
        return (await store.document(document_id, tenant=context.principal.tenant)).text

    safe, told = await _guarded(services, candidates)
    texts = await texts_between(safe, stored_text)
    packed = pack(safe, limit=limits.passages, max_tokens=limits.context_tokens, texts=texts)
    checked = {passage.text for passage in safe}
    whole = [passage for passage in packed if passage.text not in checked]
    safe_whole, more = await _guarded(services, whole)
    dropped = {passage.id for passage in whole} - {passage.id for passage in safe_whole}
    if dropped:
        told += tuple(event for event in more if event.verdict.action is Action.BLOCK)
    return tuple(passage for passage in packed if passage.id not in dropped), told


async def _guarded(services: Services, passages: Sequence[Passage]) -> tuple[list[Passage], tuple[Guarded, ...]]:
    """The passages that may stand in a prompt, and what is told of those that were flagged or dropped."""
    results = await asyncio.gather(*(services.rails.check(p.text, origin=Origin.RETRIEVED) for p in passages))
    both = list(zip(passages, results, strict=True))
    told = tuple(
        Guarded(verdict=verdict, source=passage.source)
        for passage, checked in both
        for verdict in checked.notable
        if verdict.action in (Action.BLOCK, Action.FLAG)
    )
    return [passage for passage, checked in both if not checked.blocked], told
