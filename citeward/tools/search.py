"""The documents as a tool, for agents that look things up in the middle of their work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from citeward.contracts.retrieval import Embedder, Hit, Retriever
from citeward.contracts.tool import Toolset
from citeward.tools.toolset import FunctionToolset

MOST = 20
"""Passages of one search."""


def search_toolset(
    retriever: Retriever, embedder: Embedder | None = None, *, tenant: str, groups: Sequence[str] | None = None
) -> Toolset:
    """A toolset with one tool, `search_documents`, that searches as the caller and nobody else.

    Whose documents are searched is fixed here: a model that could name the tenant could be talked into another.

    Args:
        retriever: What is searched.
        embedder: Turns the query into a vector; without one the search is by keyword only.
        tenant: Whose documents.
        groups: The reader's groups; None means no restriction.
    """

    async def search_documents(query: str, limit: Annotated[int, Field(ge=1, le=MOST)] = 5) -> str:
        """Search the documents for passages about something.

        Args:
            query: What to look for, in plain words.
            limit: How many passages to return.
        """
        if embedder is None:
            hits = await retriever.search(query, alpha=0.0, limit=limit, tenant=tenant, groups=groups)
        else:
            (vector,) = await embedder.embed([query], queries=True)
            hits = await retriever.search(query, vector, limit=limit, tenant=tenant, groups=groups)
        return passages_as_text(hits)

    return FunctionToolset([search_documents])


def passages_as_text(hits: Sequence[Hit]) -> str:
    """Numbered passages, each under the name of its document."""
    if not hits:
        return "No passage was found."
    return "\n\n".join(
        f"[{number}] {hit.passage.title or hit.passage.source} ({hit.passage.source})\n{hit.passage.text}"
        for number, hit in enumerate(hits, start=1)
    )
