import asyncio
import shutil
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest

from citeward.contracts.retrieval import Chunk, Document
from citeward.errors import SettingsError, StoreReadOnly
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.space import Space
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import STORE_CHECKS, StoreCheck, fill, found, sample

EMBEDDER = HashEmbedder()
SPACE = Space(embedder="hash", dimensions=64).folder


def store_in(folder: Path, *, read_only: bool = False, embedder: HashEmbedder | None = EMBEDDER) -> LanceStore:
    return LanceStore(
        folder,
        embedder=embedder.name if embedder else None,
        dimensions=embedder.dimensions if embedder else None,
        read_only=read_only,
    )


async def table_of(folder: Path) -> Any:
    return await (await lancedb.connect_async(folder / SPACE)).open_table("t_default")


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
async def test_it_is_a_store(check: StoreCheck, tmp_path: Path) -> None:
    async with store_in(tmp_path / "store") as store:
        await check(store, EMBEDDER)


async def test_nothing_is_written_before_the_first_upsert(tmp_path: Path) -> None:
    async with store_in(tmp_path / "store") as store:
        assert await store.count() == 0
        await store.optimize()
        await store.upsert([], [], [])
    assert not (tmp_path / "store").exists()


async def test_an_upsert_is_one_commit(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "one", "two", "three"), sample("b", "four"))
        versions = tmp_path / SPACE / "t_default.lance" / "_versions"
        before = len(list(versions.iterdir()))
        await fill(store, EMBEDDER, sample("a", "five"), sample("b", "six", "seven"), sample("c", "eight"))
        assert len(list(versions.iterdir())) == before + 1


async def test_a_second_store_on_the_same_folder_sees_each_commit(tmp_path: Path) -> None:
    async with store_in(tmp_path) as writer, store_in(tmp_path, read_only=True) as reader:
        await fill(writer, EMBEDDER, sample("a", "red fox"))
        assert await found(reader, EMBEDDER, "fox", alpha=0) == ["a"]
        await fill(writer, EMBEDDER, sample("b", "arctic fox"))
        assert set(await found(reader, EMBEDDER, "fox", alpha=0)) == {"a", "b"}
        await writer.optimize()
        await writer.delete(["a"])
        assert await found(reader, EMBEDDER, "fox", alpha=0) == ["b"]


async def test_one_store_may_be_written_and_searched_by_many_tasks(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("base", "fox"))
        writes = [fill(store, EMBEDDER, sample(f"d{n % 4}", f"fox {n}", f"bear {n}")) for n in range(12)]
        reads = [found(store, EMBEDDER, "fox") for _ in range(12)]
        await asyncio.gather(*writes, *reads)
        assert await store.count() == 1 + 4 * 2


async def test_two_stores_that_write_one_document_at_once_leave_it_once(tmp_path: Path) -> None:
    async with store_in(tmp_path) as one, store_in(tmp_path) as other:
        await fill(one, EMBEDDER, sample("a", "first"))
        for number in range(5):
            await asyncio.gather(
                fill(one, EMBEDDER, sample("a", f"fox {number}")),
                fill(other, EMBEDDER, sample("a", f"fox {number}", "more")),
                return_exceptions=True,
            )
        listed = [(document.id, document.passages) async for document in one.documents()]
        assert len(listed) == 1 and await one.count() == listed[0][1]


async def test_words_of_title_and_headings_are_searched_though_the_text_lacks_them(tmp_path: Path) -> None:
    document = Document(id="a", text="Press the red button.", source="s", title="Espresso machine")
    chunk = Chunk(ordinal=0, text=document.text, start=0, end=len(document.text), meta={"headings": "Descaling"})
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, (document, [chunk]))
        for query in ("espresso", "descale", "pressing"):
            (hit,) = await store.search(query, alpha=0.0)
            assert hit.passage.text == document.text


async def test_words_are_found_by_stem_and_without_accents(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "The cafés were CLOSING early"))
        for query in ("cafe", "café", "closed", "CAFES"):
            assert await found(store, EMBEDDER, query, alpha=0) == ["a"], query


async def test_another_embedder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "fox"))
    for other in (HashEmbedder(name="other"), HashEmbedder(dimensions=32)):
        with pytest.raises(SettingsError, match=r"'hash' \(64 dimensions\)[\s\S]*hint: run `citeward reindex`"):
            await store_in(tmp_path, embedder=other).open()


async def test_a_store_with_vectors_is_still_searched_by_keyword_without_the_embedder(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "fox"))
    async with store_in(tmp_path, embedder=None) as store:
        (hit,) = await store.search("fox", np.ones(64, np.float32))
        assert hit.degraded
        with pytest.raises(SettingsError, match="filled with the embedder 'hash' "):
            await store.upsert(*_plain("b", "bear"))


async def test_a_store_without_vectors_searches_by_keyword_and_says_so(tmp_path: Path) -> None:
    async with store_in(tmp_path, embedder=None) as store:
        await store.upsert(*_plain("a", "red fox"))
        (hit,) = await store.search("fox", None, alpha=0.5)
        assert hit.degraded and hit.score == 1.0
        assert not (await store.search("fox", alpha=0.0))[0].degraded
    async with store_in(tmp_path) as store:
        assert (await store.search("fox", np.ones(64, np.float32)))[0].degraded
        with pytest.raises(SettingsError, match="filled with the embedder keyword"):
            await fill(store, EMBEDDER, sample("b", "bear"))


async def test_an_embedder_needs_both_name_and_dimensions(tmp_path: Path) -> None:
    for name, size in (("x", None), (None, 3), ("x", 0)):
        with pytest.raises(SettingsError):
            LanceStore(tmp_path, embedder=name, dimensions=size)


async def test_a_read_only_store_reads_and_refuses_to_write(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "fox"))
    async with store_in(tmp_path, read_only=True) as store:
        assert await found(store, EMBEDDER, "fox") == ["a"]
        for write in (fill(store, EMBEDDER, sample("b", "bear")), store.delete(["a"]), store.optimize()):
            with pytest.raises(StoreReadOnly):
                await write


async def test_a_long_fill_keeps_its_keyword_index_up_to_date(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        for number in range(5):
            await fill(store, EMBEDDER, sample(f"d{number}", *(f"fox {number} {part}" for part in range(1000))))
        table = await table_of(tmp_path)
        stats = await table.index_stats("words_idx")
        assert stats.num_indexed_rows == 4000 and stats.num_unindexed_rows == 1000
        assert len(await found(store, EMBEDDER, "fox", alpha=0, limit=1000)) == 1000


async def test_many_vectors_are_indexed_and_found_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citeward.retrieval.lancedb.vectors.FLAT", 500)
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", *(f"word{n % 97} number{n}" for n in range(900))))
        before = await found(store, EMBEDDER, "word5 number102", alpha=1.0, limit=20)
        await store.optimize()
        table = await table_of(tmp_path)
        assert "vector" in {index.columns[0] for index in await table.list_indices()}
        assert await found(store, EMBEDDER, "word5 number102", alpha=1.0, limit=20) == before
        await fill(store, EMBEDDER, sample("b", "brandnew word"))
        assert (await found(store, EMBEDDER, "brandnew word", alpha=1.0))[0] == "b"
        await store.optimize()


async def test_a_store_deleted_and_filled_anew_is_of_another_generation(tmp_path: Path) -> None:
    seen = set()
    for _ in range(3):
        async with store_in(tmp_path / "store") as store:
            await fill(store, EMBEDDER, sample("a", "fox"))
            seen.add(await store.generation())
        shutil.rmtree(tmp_path / "store")
    assert len(seen) == 3


async def test_tenants_are_listed_by_their_own_names(tmp_path: Path) -> None:
    names = ["default", "../x", "Ü", "y" * 400]
    async with store_in(tmp_path) as store:
        for name in names:
            await fill(store, EMBEDDER, sample("a", "fox"), tenant=name)
        assert await store.tenants() == sorted(names)


def _plain(name: str, *texts: str) -> tuple[list[Document], list[list[Chunk]], list[np.ndarray]]:
    document, chunks = sample(name, *texts)
    return [document], [chunks], [np.zeros((len(chunks), 0), np.float32)]
