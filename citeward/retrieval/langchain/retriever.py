"""A LangChain retriever under Citeward's contract."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from citeward.contracts.retrieval import Filter, Fusion, Hit, MetaValue, Passage, Vector
from citeward.errors import NotFound
from citeward.retrieval.checks import check_search, utf8
from citeward.retrieval.filters import kind, matches

if TYPE_CHECKING:
    from langchain_core.documents import Document as Record
    from langchain_core.retrievers import BaseRetriever


class LangChainRetriever:
    """Searches by any LangChain retriever.

    Such a retriever takes words only and decides by itself how many records it brings and how it ranks them. So the
    vector, `alpha` and `fusion` have no effect, and a hit's score tells its rank: 1 for the first. Filters and groups
    are applied to what it brings, so that fewer than `limit` may be left; let it bring more (its own `k`) where you
    filter. A record's readers are its metadata's `groups`, a list of texts; without that key it is open to the tenant,
    and with anything else there it is closed to all.

    A record's offsets are its metadata's `start_index` within its `source`, as LangChain's splitters write it; without
    one the record is a document of its own, from 0.

    Args:
        retriever: The one that serves `default`, or one for each tenant, by name.
        hybrid: It searches by keyword and by vector. Otherwise its hits are flagged degraded where both are asked for.
    """

    def __init__(self, retriever: BaseRetriever | Mapping[str, BaseRetriever], *, hybrid: bool = False) -> None:
        self._retrievers = retriever if isinstance(retriever, Mapping) else {"default": retriever}
        self._hybrid = hybrid

    async def search(
        self,
        query: str,
        vector: Vector | None = None,  # noqa: ARG002 - it would have to take vectors
        /,
        *,
        alpha: float = 0.5,
        limit: int = 10,
        filters: Filter | None = None,
        tenant: str = "default",
        groups: Sequence[str] | None = None,
        fusion: Fusion = Fusion.RELATIVE,  # noqa: ARG002 - it ranks by itself
    ) -> list[Hit]:
        """The best passages, best first; see `citeward.contracts.retrieval.Retriever`.

        Raises:
            InvalidInput: A limit outside 1..1000, an alpha outside 0..1, a bad filter.
            NotFound: No such tenant.
        """
        check_search(alpha, limit, filters)
        retriever = self._retrievers.get(tenant)
        if retriever is None:
            raise NotFound(f"no retriever of tenant {tenant!r}", hint=f"there are {sorted(self._retrievers)!r}")
        records: list[Record] = await retriever.ainvoke(utf8(query))
        passages = [_passage(record) for record in records if _may_read(record, groups)]
        kept = [one for one in passages if filters is None or matches(filters, _fields(one), one.meta)][:limit]
        return [
            Hit(
                passage=replace(one, score=1 - rank / len(kept)),
                score=1 - rank / len(kept),
                degraded=0 < alpha < 1 and not self._hybrid,
            )
            for rank, one in enumerate(kept)
        ]


def _passage(record: Record) -> Passage:
    metadata: Mapping[str, Any] = record.metadata
    text = utf8(record.page_content)
    source = utf8(str(metadata.get("source") or ""))
    start = metadata.get("start_index")
    placed = source and isinstance(start, int) and not isinstance(start, bool) and start >= 0
    identity = record.id or hashlib.sha256(f"{source}\n{start}\n{text}".encode()).hexdigest()[:32]
    begin = int(start) if placed and start is not None else 0
    return Passage(
        id=identity,
        document_id=source if placed else identity,
        text=text,
        start=begin,
        end=begin + len(text),
        source=source or identity,
        title=utf8(str(metadata.get("title") or "")),
        meta=_meta(metadata),
    )


def _meta(metadata: Mapping[str, Any]) -> dict[str, MetaValue]:
    """The values that a filter can compare; what is nested or of another type is left out."""
    meta: dict[str, MetaValue] = {}
    for key, value in metadata.items():
        if isinstance(value, (str, int, float)):
            meta[key] = value
        elif isinstance(value, (list, tuple)) and all(kind(one) == "text" for one in value):
            meta[key] = tuple(value)
    return meta


def _may_read(record: Record, groups: Sequence[str] | None) -> bool:
    """Whether a reader of these groups may see the record; one whose groups cannot be told is seen by none."""
    named = record.metadata.get("groups")
    if groups is None or named is None:
        return True
    if isinstance(named, str):
        return named in groups
    if not isinstance(named, (list, tuple, set, frozenset)):
        return False
    return any(isinstance(one, str) and one in groups for one in named)


def _fields(passage: Passage) -> dict[str, str]:
    return {"document_id": passage.document_id, "source": passage.source, "title": passage.title}
