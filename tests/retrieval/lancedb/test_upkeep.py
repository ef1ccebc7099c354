from datetime import timedelta
from pathlib import Path

import lancedb
import pytest

from citeward.retrieval.lancedb import LanceStore
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, found, sample

EMBEDDER = HashEmbedder()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds after a few commits, and drops what it replaced at once."""
    monkeypatch.setattr("citeward.retrieval.lancedb.upkeep._FILES", 6)
    monkeypatch.setattr("citeward.retrieval.lancedb.upkeep.OLD_VERSIONS", timedelta(milliseconds=1))


def store_in(folder: Path) -> LanceStore:
    return LanceStore(folder, embedder="hash", dimensions=64)


def place(folder: Path) -> Path:
    (space,) = [path for path in folder.iterdir() if path.is_dir()]
    return space


async def fragments(folder: Path) -> int:
    table = await (await lancedb.connect_async(place(folder))).open_table("t_default")
    return int((await table.stats())["fragment_stats"]["num_fragments"])


def files(folder: Path) -> int:
    return sum(path.is_file() for path in place(folder).rglob("*"))


async def test_many_small_writes_leave_few_files(tmp_path: Path, hurried: None) -> None:
    async with store_in(tmp_path) as store:
        most = []
        for number in range(40):
            await fill(store, EMBEDDER, sample(f"d{number % 5}", f"fox {number}", f"bear {number}"))
            if number % 10 == 9:
                most.append((files(tmp_path), await fragments(tmp_path)))
        assert max(count for _, count in most) <= 8
        assert max(count for count, _ in most[2:]) <= max(count for count, _ in most[:2]) + 20, most
        assert len(list((place(tmp_path) / "t_default.lance" / "_versions").iterdir())) <= 20
        assert await store.count() == 10
        assert len(await found(store, EMBEDDER, "fox", alpha=0)) == 5


async def test_what_processes_left_that_wrote_once_each_is_folded_too(tmp_path: Path, hurried: None) -> None:
    for number in range(12):
        async with store_in(tmp_path) as store:
            await fill(store, EMBEDDER, sample(f"d{number}", f"fox {number}"))
    assert await fragments(tmp_path) <= 8


async def test_optimize_leaves_a_table_alone_that_nobody_wrote_since(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, sample("a", "fox"), sample("b", "bear"))
        await store.optimize()
        before = await store.generation()
        await store.optimize()
        assert await store.generation() == before
        await store.delete(["b"])
        deleted = await store.generation()
        await store.optimize()
        assert await store.generation() != deleted


async def test_a_snapshot_serves_searches_until_the_next_commit(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await fill(store, EMBEDDER, *(sample(f"d{number}", "fox") for number in range(3)))
        listing = store.documents()
        first = await anext(listing)
        await store.delete(["d0", "d1", "d2"])
        await store.optimize()
        rest = [one.id async for one in listing]
        assert {first.id, *rest} == {"d0", "d1", "d2"}, "a listing is of one moment"
        assert [one async for one in store.documents()] == [] and await store.tenants() == []
