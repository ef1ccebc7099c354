"""The documents as a tool, for agents that look things up in the middle of their work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from citeward.contracts.retrieval import Embedder, Filter, Passage, Reranker, Retriever
from citeward.contracts.tool import Toolset
from citeward.logs import get_logger
from citeward.tools.toolset import FunctionToolset, tool

MOST = 20
"""Passages of one search; as many are found and reranked, however few are asked for."""
PATIENCE = 5.0
"""Seconds that a reranker may take."""

logger = get_logger(__name__)


def search_toolset(
    retriever: Retriever,
    embedder: Embedder | None = None,
    *,
    reranker: Reranker | None = None,
    tenant: str,
    groups: Sequence[str] | None = None,
    filters: Filter | None = None,
) -> Toolset:
    """A toolset with one tool, `search_documents`, that searches as the caller and nobody else.

    Whose documents are searched, and which of them, is fixed here: a model that could name the tenant, or leave out a
    filter, could be talked into it.

    Args:
        retriever: What is searched.
        embedder: Turns the query into a vector; without one the search is by keyword only.
        reranker: Puts the best of what was found first; where it fails, the order of the search stands.
        tenant: Whose documents.
        groups: The reader's groups; None means no restriction.
        filters: Which of the documents; None takes all.
    """

    @tool(personal_data="lookup")
    async def search_documents(query: str, limit: Annotated[int, Field(ge=1, le=MOST)] = 5) -> str:
        """Search the documents for passages about something.

        Args:
            query: What to look for, in plain words.
            limit: How many passages to return.
        """
        found = MOST if reranker is not None else limit
        if embedder is None:
            hits = await retriever.search(query, alpha=0.0, limit=found, tenant=tenant, groups=groups, filters=filters)
        else:
            (vector,) = await embedder.embed([query], queries=True)
            hits = await retriever.search(query, vector, limit=found, tenant=tenant, groups=groups, filters=filters)
        passages = [hit.passage for hit in hits]
        if reranker is not None and passages:
            try:
                async with asyncio.timeout(PATIENCE):
                    passages = await reranker.rerank(query, passages, limit=limit, tenant=tenant)
            except Exception as error:  # noqa: BLE001 - a reranker is anybody's code, and whatever it raises ends here
                logger.warning("search.rerank_failed", error=getattr(error, "code", type(error).__name__))
        return passages_as_text(passages[:limit])

    return FunctionToolset([search_documents])


def passages_as_text(passages: Sequence[Passage]) -> str:
    """Numbered passages, each under the name of its document."""
    if not passages:
        return "No passage was found."
    return "\n\n".join(
        f"[{number}] {passage.title or passage.source} ({passage.source})\n{passage.text}"
        for number, passage in enumerate(passages, start=1)
    )
