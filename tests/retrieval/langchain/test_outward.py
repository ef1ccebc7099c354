from pathlib import Path

import pytest

from citeward.contracts.retrieval import Where
from citeward.errors import InvalidInput
from citeward.retrieval.lancedb.store import LanceStore
from citeward.retrieval.langchain import as_langchain_retriever
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, sample

EMBEDDER = HashEmbedder()


async def _filled(folder: Path) -> LanceStore:
    store = LanceStore(folder, embedder=EMBEDDER.name, dimensions=EMBEDDER.dimensions)
    await fill(
        store,
        EMBEDDER,
        sample("a", "red fox", "grey wolf", meta={"tags": ("x", "y")}, title="A"),
        sample("b", "red fox of the board", groups=("board",)),
    )
    return store


async def test_it_brings_passages_as_records(tmp_path: Path) -> None:
    async with await _filled(tmp_path) as store:
        (best, *_) = await as_langchain_retriever(store, EMBEDDER, groups=()).ainvoke("grey wolf")
    assert (best.page_content, best.id) == ("grey wolf", "a#1")
    score = best.metadata.pop("score")
    assert best.metadata == {
        "tags": ["x", "y"], "document_id": "a", "source": "source of a", "title": "A", "start": 9, "end": 18,
    }  # fmt: skip
    assert score == 1.0


async def test_it_sees_what_its_reader_may_see(tmp_path: Path) -> None:
    async with await _filled(tmp_path) as store:
        for groups, seen in (((), {"a"}), (("board",), {"a", "b"}), (None, {"a", "b"})):
            records = await as_langchain_retriever(store, EMBEDDER, groups=groups).ainvoke("red fox")
            assert {record.metadata["document_id"] for record in records} == seen
        only = Where(field="document_id", op="eq", value="b")
        assert await as_langchain_retriever(store, EMBEDDER, groups=(), filters=only).ainvoke("red fox") == []


async def test_without_an_embedder_it_searches_by_keyword(tmp_path: Path) -> None:
    async with await _filled(tmp_path) as store:
        (record,) = await as_langchain_retriever(store, limit=1).ainvoke("wolf")
    assert record.page_content == "grey wolf"


def test_it_can_be_invoked_without_a_loop(tmp_path: Path) -> None:
    import asyncio

    asyncio.run(_filled(tmp_path))
    store = LanceStore(tmp_path, embedder=EMBEDDER.name, dimensions=EMBEDDER.dimensions)
    retriever = as_langchain_retriever(store, EMBEDDER)
    assert retriever.invoke("grey wolf")[0].id == retriever.invoke("grey wolf")[0].id == "a#1"


async def test_within_a_loop_it_says_what_to_call(tmp_path: Path) -> None:
    async with await _filled(tmp_path) as store:
        with pytest.raises(InvalidInput, match="running event loop"):
            as_langchain_retriever(store, EMBEDDER).invoke("fox")


def test_what_makes_no_sense_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="limit 0"):
        as_langchain_retriever(LanceStore(tmp_path), limit=0)
