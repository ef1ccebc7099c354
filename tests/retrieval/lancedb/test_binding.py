import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.retrieval import Embedder
from citeward.errors import StoreError, StoreReadOnly
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.space import Space
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, sample
from citeward.testing.suites.retriever_spaces import SPACE_CHECKS, SpaceCheck

EMBEDDER = HashEmbedder()
SPACE = Space(embedder="old", dimensions=64)


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
async def test_it_changes_its_embedder(check: SpaceCheck, tmp_path: Path) -> None:
    def open_(embedder: Embedder | None, beside: bool) -> LanceStore:
        if embedder is None:
            return LanceStore(tmp_path, beside=beside)
        return LanceStore(tmp_path, embedder=embedder.name, dimensions=embedder.dimensions, beside=beside)

    await check(open_)


def opened(folder: Path, name: str, *, beside: bool = False) -> LanceStore:
    return LanceStore(folder, embedder=name, dimensions=64, beside=beside)


async def test_nothing_is_current_while_a_store_is_filled_beside_only(tmp_path: Path) -> None:
    await fill(opened(tmp_path, "new", beside=True), EMBEDDER, sample("a", "fox"))
    live = opened(tmp_path, "old")
    assert await live.count() == 0 and await live.tenants() == []
    await fill(live, EMBEDDER, sample("b", "bear"))
    assert await live.count() == 1 and await opened(tmp_path, "new", beside=True).count() == 1


async def test_beside_with_the_current_embedder_is_the_current_space(tmp_path: Path) -> None:
    await fill(opened(tmp_path, "old"), EMBEDDER, sample("a", "fox"))
    beside = opened(tmp_path, "old", beside=True)
    assert await beside.count() == 1
    await fill(beside, EMBEDDER, sample("b", "bear"))
    await beside.promote()
    assert await opened(tmp_path, "old").count() == 2 and await beside.retire() == []


async def test_a_filling_that_was_retired_amid_it_says_so_and_is_not_promoted(tmp_path: Path) -> None:
    live = opened(tmp_path, "old")
    await fill(live, EMBEDDER, sample("a", "fox"))
    beside = opened(tmp_path, "new", beside=True)
    await fill(beside, EMBEDDER, sample("b", "bear"))
    assert await live.retire() == ["new"]
    for call in (fill(beside, EMBEDDER, sample("c", "hare")), beside.promote(), beside.count()):
        with pytest.raises(StoreError, match="retired"):
            await call
    assert await live.count() == 1


async def test_what_a_killed_process_left_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    store = opened(tmp_path, "old")
    await fill(store, EMBEDDER, sample("a", "fox"))
    (tmp_path / "retired-1f").mkdir()
    (tmp_path / "retired-1f" / "half").write_text("x")
    (tmp_path / Space(embedder="gone", dimensions=3).folder).mkdir()  # killed before its note was written
    (tmp_path / "mine").mkdir()
    assert await store.retire() == []
    assert _names(tmp_path) == {"store.json", "mine", SPACE.folder}
    assert await store.count() == 1


async def test_a_reader_without_writing_rights_cannot_promote_or_retire(tmp_path: Path) -> None:
    await fill(opened(tmp_path, "old"), EMBEDDER, sample("a", "fox"))
    reader = LanceStore(tmp_path, read_only=True)
    for call in (reader.promote(), reader.retire()):
        with pytest.raises(StoreReadOnly):
            await call


async def test_a_space_of_keywords_only_can_be_left_behind(tmp_path: Path) -> None:
    document, chunks = sample("a", "fox")
    await LanceStore(tmp_path).upsert([document], [chunks], [np.zeros((1, 0), np.float32)])
    beside = opened(tmp_path, "new", beside=True)
    await fill(beside, EMBEDDER, sample("a", "fox"))
    await beside.promote()
    assert await beside.retire() == ["keyword"]


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_each_embedder_has_a_folder_of_its_own_with_a_safe_name(one: str, other: str) -> None:
    first, second = Space(embedder=one, dimensions=3), Space(embedder=other, dimensions=3)
    assert re.fullmatch(r"[a-z0-9-]{1,80}", first.folder)
    assert (first.folder == second.folder) == (one == other)
    assert first.folder != Space(embedder=one, dimensions=4).folder


async def test_the_swap_leaves_no_moment_without_a_current_space(tmp_path: Path) -> None:
    names = ("one", "other")
    for name in names:
        await fill(opened(tmp_path, name, beside=True), EMBEDDER, sample("a", f"fox of {name}"))
    spaces = [opened(tmp_path, name, beside=True) for name in names]
    await spaces[0].promote()
    swapping = True

    async def swap() -> None:
        nonlocal swapping
        for number in range(30):
            await spaces[number % 2].promote()
            await asyncio.sleep(0)
        swapping = False

    async def read() -> None:
        while swapping:
            assert (await LanceStore(tmp_path).document("a")).text.startswith("fox of")

    await asyncio.gather(swap(), read())


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
