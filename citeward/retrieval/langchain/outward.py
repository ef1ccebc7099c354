"""A Citeward store as a LangChain retriever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from citeward.contracts.retrieval import Embedder, Filter, Hit, Retriever
from citeward.errors import InvalidInput
from citeward.retrieval.checks import check_search

if TYPE_CHECKING:
    from langchain_core.documents import Document as Record
    from langchain_core.retrievers import BaseRetriever


def as_langchain_retriever(
    store: Retriever,
    embedder: Embedder | None = None,
    *,
    limit: int = 5,
    alpha: float = 0.5,
    tenant: str = "default",
    groups: Sequence[str] | None = None,
    filters: Filter | None = None,
) -> BaseRetriever:
    """A retriever for LangChain's chains and agents; one for each reader, whose tenant and groups it holds.

    Each record carries the passage's meta and, over it, `document_id`, `source`, `title`, `start`, `end` and `score`.
    `invoke` runs an event loop of its own, and so must not be called from one: there `await retriever.ainvoke(query)`.

    Args:
        store: What is searched.
        embedder: What filled it; None searches by keyword only.
        limit: Passages to find, 1..1000.
        alpha: Weight of the vector leg.
        tenant: Whose documents.
        groups: The reader's; None means no restriction, for a trusted caller.
        filters: Applied in every search.

    Raises:
        InvalidInput: A limit, an alpha or a filter that makes no sense.
    """
    from langchain_core.retrievers import BaseRetriever

    check_search(alpha, limit, filters)
    readers = None if groups is None else tuple(groups)

    async def search(query: str) -> list[Record]:
        vector = None if embedder is None or alpha == 0 else (await embedder.embed([query], queries=True))[0]
        found = await store.search(
            query,
            vector,
            alpha=alpha if embedder is not None else 0.0,
            limit=limit,
            filters=filters,
            tenant=tenant,
            groups=readers,
        )
        return [_record(hit) for hit in found]

    class CitewardRetriever(BaseRetriever):
        """Searches a Citeward store."""

        async def _aget_relevant_documents(self, query: str, **_: Any) -> list[Record]:
            return await search(query)

        def _get_relevant_documents(self, query: str, **_: Any) -> list[Record]:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return asyncio.run(search(query))
            raise InvalidInput(
                f"the search for {query!r} was called from a running event loop", hint="await ainvoke instead"
            )

    return CitewardRetriever()


def _record(hit: Hit) -> Record:
    from langchain_core.documents import Document as Record

    passage = hit.passage
    meta = {key: list(value) if isinstance(value, tuple) else value for key, value in passage.meta.items()}
    place = {"document_id": passage.document_id, "source": passage.source, "title": passage.title}
    offsets = {"start": passage.start, "end": passage.end, "score": hit.score}
    return Record(page_content=passage.text, id=passage.id, metadata={**meta, **place, **offsets})
