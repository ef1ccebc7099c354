import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.retrieval import Document, Vectors
from citeward.errors import ModelUnavailable, SettingsError
from citeward.ingest.chunk import Chunker
from citeward.ingest.reindex import ReindexReport, reindex
from citeward.ingest.sync import sync
from citeward.retrieval.lancedb import LanceStore
from citeward.testing.embedding import HashEmbedder

OLD = HashEmbedder(name="old", dimensions=32)
NEW = HashEmbedder(name="new", dimensions=48)
MANY = 100


def _document(number: int, text: str = "") -> Document:
    return Document(
        id=f"d{number:03}",
        text=text or f"# Fox {number}\n\nred fox {number}",
        source=f"d{number:03}.md",
        title=f"Fox {number}",
        meta={"page": number, "tags": ("a", "b")},
        groups=("staff",) if number % 2 else (),
    )


def _open(folder: Path, embedder: HashEmbedder | None, *, beside: bool = False) -> LanceStore:
    named: dict[str, Any] = {"embedder": embedder.name, "dimensions": embedder.dimensions} if embedder else {}
    return LanceStore(folder, **named, beside=beside)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A store with two tenants' documents, filled by the old embedder."""
    async with _open(tmp_path / "store", OLD) as store:
        await sync([_document(number) for number in range(MANY)], store, OLD, roots=())
        await sync([_document(1, "grey wolf"), _document(2)], store, OLD, roots=(), tenant="other")
    return tmp_path / "store"


async def _reindex(folder: Path, embedder: HashEmbedder = NEW, **more: Any) -> ReindexReport:
    async with _open(folder, None) as live, _open(folder, embedder, beside=True) as beside:
        return await reindex(live, beside, embedder, **more)


async def _found(store: LanceStore, embedder: HashEmbedder, words: str, tenant: str = "default") -> str:
    (vector,) = await embedder.embed([words])
    hits = await store.search(words, vector, limit=1, tenant=tenant)
    assert not hits[0].degraded
    return hits[0].passage.document_id


async def test_every_tenant_is_found_by_the_new_embedder_and_a_sync_has_nothing_left_to_do(folder: Path) -> None:
    seen: list[int] = []
    report = await _reindex(folder, progress=lambda report: seen.append(report.seen))
    assert (report.documents, report.tenants, report.written, report.unchanged) == (MANY + 2, 2, MANY + 2, 0)
    assert report.promoted and report.skipped == [] and report.passages == MANY + 2
    assert seen == sorted(seen) and seen[-1] == MANY + 2
    async with _open(folder, NEW) as store:
        assert await _found(store, NEW, "fox 77") == "d077"
        assert await _found(store, NEW, "wolf", "other") == "d001"
        again = await sync([_document(number) for number in range(MANY)], store, NEW, roots=["."])
        assert (again.unchanged, again.added, again.changed, again.deleted) == (MANY, [], [], [])
        kept = await store.document("d003")
        assert (kept.meta, kept.groups) == ({"page": 3, "tags": ("a", "b")}, ("staff",))
    with pytest.raises(SettingsError):
        await _open(folder, OLD).count()


async def test_a_dry_run_counts_and_leaves_no_trace(folder: Path) -> None:
    report = await _reindex(folder, dry_run=True)
    assert (report.documents, report.written, report.promoted) == (MANY + 2, MANY + 2, False)
    assert await _open(folder, NEW, beside=True).count() == 0
    assert await _open(folder, OLD).count() == MANY


class Meddling(HashEmbedder):
    """Does something to the live index at its first calls, as somebody else would meanwhile."""

    def __init__(self, *deeds: Any) -> None:
        super().__init__(name="new", dimensions=48)
        self.deeds = list(deeds)

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        if self.deeds:
            await self.deeds.pop(0)()
        return await super().embed(texts, queries=queries)


async def test_what_is_written_and_deleted_meanwhile_is_taken_over(folder: Path) -> None:
    async with _open(folder, OLD) as live:

        async def change() -> None:
            await sync([_document(0, "green frog"), _document(MANY)], live, OLD, roots=())
            await live.delete(["d005", "d006"])
            await sync([_document(9)], live, OLD, roots=(), tenant="late")
            assert await _found(live, OLD, "frog") == "d000", "the live index is searched meanwhile"

        async def change_again() -> None:
            await sync([_document(0, "white hare")], live, OLD, roots=())

        report = await _reindex(folder, Meddling(change, change_again))
    assert report.rounds >= 3 and report.deleted == 2
    async with _open(folder, NEW) as store:
        assert (await store.document("d000")).text == "white hare"
        assert await store.tenants() == ["default", "late", "other"]
        ids = {one.id async for one in store.documents()}
        assert ids == {f"d{number:03}" for number in range(MANY + 1)} - {"d005", "d006"}


async def test_what_was_written_at_the_last_moment_before_the_swap_is_taken_over_after_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _open(folder, OLD) as live, _open(folder, None) as reader, _open(folder, NEW, beside=True) as beside:
        promote = beside.promote

        async def late() -> None:
            await sync([_document(0, "green frog"), _document(1, "brown bear")], live, OLD, roots=())
            await live.delete(["d005"])
            await promote()
            async with _open(folder, NEW) as eager:  # the next one is there at once, and knows better
                await sync([_document(1, "white hare"), _document(MANY)], eager, NEW, roots=())

        monkeypatch.setattr(beside, "promote", late)
        await reindex(reader, beside, NEW)
    async with _open(folder, NEW) as store:
        texts = {number: (await store.document(f"d{number:03}")).text for number in (0, 1)}
        assert texts == {0: "green frog", 1: "white hare"}
        ids = {one.id async for one in store.documents()}
        assert "d005" not in ids and f"d{MANY:03}" in ids


async def test_what_an_earlier_run_left_and_the_live_index_has_no_more_is_deleted(folder: Path) -> None:
    async with _open(folder, NEW, beside=True) as beside:
        await sync([_document(1), _document(500)], beside, NEW, roots=())
    report = await _reindex(folder)
    assert (report.deleted, report.unchanged, report.written) == (1, 1, MANY + 1)
    async with _open(folder, NEW) as store:
        assert "d500" not in {one.id async for one in store.documents()}


async def test_an_embedder_that_fails_leaves_the_live_index_and_what_is_finished(folder: Path) -> None:
    class Failing(HashEmbedder):
        calls = 0

        async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
            self.calls += 1
            if self.calls == 3:
                raise ModelUnavailable("gone", hint="Start it.")
            return await super().embed(texts, queries=queries)

    with pytest.raises(ModelUnavailable):
        await _reindex(folder, Failing(name="new", dimensions=48))
    assert await _open(folder, OLD).count() == MANY
    report = await _reindex(folder)
    assert report.unchanged > 0 and report.unchanged + report.written == MANY + 2


async def test_a_document_that_cannot_be_cut_is_named(folder: Path) -> None:
    class Picky(Chunker):
        def __call__(self, document: Document) -> Any:
            if document.id == "d007":
                raise RecursionError("too deep")
            return super().__call__(document)

    report = await _reindex(folder, chunker=Picky())
    assert [(item.id, item.reason) for item in report.skipped] == [("d007", "cannot be cut: RecursionError: too deep")]
    assert report.promoted and report.written == MANY + 1


async def test_keyword_search_alone_can_be_what_comes_next(folder: Path) -> None:
    async with _open(folder, None) as live, LanceStore(folder, beside=True) as beside:
        report = await reindex(live, beside, None)
    assert report.promoted
    async with _open(folder, None) as store:
        (hit,) = await store.search("wolf", None, alpha=0, limit=1, tenant="other")
        assert hit.passage.document_id == "d001"


KILLED = """
import asyncio, sys
from citeward.ingest.reindex import reindex
from citeward.retrieval.lancedb import LanceStore
from citeward.testing.embedding import HashEmbedder

class Telling(HashEmbedder):
    calls = 0

    async def embed(self, texts, /, *, queries=False):
        self.calls += 1
        if self.calls == 4:
            print("now", flush=True)
            await asyncio.Event().wait()
        return await super().embed(texts)

async def main():
    new = Telling(name="new", dimensions=48)
    live = LanceStore(sys.argv[1])
    await reindex(live, LanceStore(sys.argv[1], embedder="new", dimensions=48, beside=True), new)

asyncio.run(main())
"""


async def test_killed_on_the_way_it_goes_on_from_there_while_the_live_index_is_searched(folder: Path) -> None:
    process = await asyncio.to_thread(
        subprocess.Popen, [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
    )
    async with _open(folder, OLD) as live:
        assert process.stdout is not None
        line = asyncio.create_task(asyncio.to_thread(process.stdout.readline))
        searches = 0
        while not line.done():
            assert await _found(live, OLD, "fox 77") == "d077"
            searches += 1
        assert await line == "now\n" and searches
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.communicate)
        assert await _found(live, OLD, "fox 78") == "d078"
    report = await _reindex(folder)
    assert report.unchanged >= 16 and report.unchanged + report.written == MANY + 2
    async with _open(folder, NEW) as store:
        assert await _found(store, NEW, "fox 77") == "d077"
        assert await store.count() == MANY
