from collections.abc import Callable

import pytest
from langchain_core.documents import Document as Record
from langchain_core.retrievers import BaseRetriever

from citeward.contracts.retrieval import Where
from citeward.errors import InvalidInput, NotFound
from citeward.retrieval.langchain import LangChainRetriever

Make = Callable[..., BaseRetriever]


def _record(text: str, **metadata: object) -> Record:
    return Record(page_content=text, metadata=metadata)


async def test_it_finds_what_the_retriever_brings_in_its_order(bm25: Make) -> None:
    retriever = LangChainRetriever(bm25(_record("a red fox"), _record("a grey wolf"), _record("a white hare"), k=2))
    hits = await retriever.search("grey wolf", alpha=0)
    assert hits[0].passage.text == "a grey wolf"
    assert [hit.score for hit in hits] == [1.0, 0.5] == [hit.passage.score for hit in hits]
    assert len(await retriever.search("grey wolf", limit=1)) == 1


async def test_hits_are_flagged_where_both_legs_are_asked_for(bm25: Make) -> None:
    for hybrid in (False, True):
        retriever = LangChainRetriever(bm25(_record("fox")), hybrid=hybrid)
        for alpha in (0.0, 0.5, 1.0):
            (hit,) = await retriever.search("fox", alpha=alpha)
            assert hit.degraded == (alpha == 0.5 and not hybrid)


async def test_filters_and_groups_hold(bm25: Make) -> None:
    retriever = LangChainRetriever(
        bm25(
            _record("fox one", year=2024, groups=["hr"]),
            _record("fox two", year=2025, tags=["a", "b"]),
            _record("fox three", year=2026, groups={"nested": "wrong"}),
        )
    )

    async def found(**more: object) -> set[str]:
        return {hit.passage.text for hit in await retriever.search("fox", **more)}  # type: ignore[arg-type]

    assert await found() == {"fox one", "fox two", "fox three"}
    assert await found(groups=()) == {"fox two"}
    assert await found(groups=("hr",)) == {"fox one", "fox two"}
    assert await found(filters=Where(field="year", op="gt", value=2024)) == {"fox two", "fox three"}
    assert await found(filters=Where(field="tags", op="contains_any", value=("b",))) == {"fox two"}


async def test_offsets_are_those_of_the_source_or_of_the_record(bm25: Make) -> None:
    retriever = LangChainRetriever(bm25(_record("a fox", source="a.txt", start_index=40), _record("two fox")))
    placed, alone = sorted((hit.passage for hit in await retriever.search("fox")), key=lambda one: one.text)
    assert (placed.document_id, placed.start, placed.end) == ("a.txt", 40, 45)
    assert (alone.document_id, alone.start, alone.end) == (alone.id, 0, 7)


async def test_each_tenant_has_a_retriever_of_its_own(bm25: Make) -> None:
    retriever = LangChainRetriever({"a": bm25(_record("fox of a")), "b": bm25(_record("fox of b"))})
    (hit,) = await retriever.search("fox", tenant="b")
    assert hit.passage.text == "fox of b"
    with pytest.raises(NotFound, match="'default'"):
        await retriever.search("fox")


async def test_what_makes_no_sense_is_refused(bm25: Make) -> None:
    retriever = LangChainRetriever(bm25(_record("fox")))
    with pytest.raises(InvalidInput):
        await retriever.search("fox", limit=0)
    with pytest.raises(InvalidInput):
        await retriever.search("fox", filters=Where(field="n", op="in", value="text"))
    assert len(await retriever.search("half \ud83d fox")) == 1
