import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.retrieval import Document, TokenVectors, Vectors
from citeward.errors import CitewardError, InputTooLong, ModelUnavailable, StoreReadOnly, StoreUnavailable
from citeward.ingest.chunk import Chunker
from citeward.ingest.load import Skipped, document_id, load
from citeward.ingest.sync import SyncReport, sync
from citeward.ingest.sync.batches import BATCH_CHUNKS, BATCH_DOCUMENTS
from citeward.ingest.sync.vectors import SLICE
from citeward.retrieval.lancedb import LanceStore
from citeward.settings import IndexSettings
from citeward.testing.embedding import HashEmbedder

EMBEDDER = HashEmbedder()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LanceStore]:
    async with LanceStore(tmp_path / "store", embedder="hash", dimensions=64) as opened:
        yield opened


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return _write(
        tmp_path / "base",
        {"docs/a.md": "# A\n\nred fox", "docs/b.md": "# B\n\nbrown bear", "notes/c.txt": "grey wolf"},
    )


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


async def _index(store: LanceStore, base: Path, *paths: str, **more: object) -> SyncReport:
    found = [item for path in paths for item in load(base / path, base=base)]
    roots = [document_id(base / path, base) for path in paths]
    return await sync(found, store, EMBEDDER, roots=roots, **more)  # type: ignore[arg-type]


async def _ids(store: LanceStore) -> set[str]:
    return {document.id async for document in store.documents()}


async def test_new_changed_unchanged_and_vanished_are_told_apart(store: LanceStore, base: Path) -> None:
    first = await _index(store, base, "docs")
    assert (first.added, first.changed, first.unchanged, first.deleted) == (["docs/a.md", "docs/b.md"], [], 0, [])
    assert first.passages == await store.count() == 2
    _write(base, {"docs/a.md": "# A\n\ngreen frog", "docs/d.md": "# D\n\nwhite hare"})
    (base / "docs/b.md").unlink()
    second = await _index(store, base, "docs")
    assert (second.added, second.changed, second.deleted) == (["docs/d.md"], ["docs/a.md"], ["docs/b.md"])
    assert await _ids(store) == {"docs/a.md", "docs/d.md"}
    assert (await store.document("docs/a.md")).text == "# A\n\ngreen frog"
    third = await _index(store, base, "docs")
    assert (third.unchanged, third.passages) == (2, 0)


async def test_stored_passages_quote_the_stored_document(store: LanceStore, base: Path) -> None:
    _write(
        base, {"docs/a.md": "---\ntitle: T\n---\n\n# A\r\n\r\n" + "Some words here. " * 400 + "\n\n```\ncode\n```\n"}
    )
    await _index(store, base, "docs")
    document = await store.document("docs/a.md")
    hits = await store.search("words code fox", alpha=0.0, limit=100)
    assert len(hits) > 3
    for hit in hits:
        if hit.passage.document_id == document.id:
            assert document.text[hit.passage.start : hit.passage.end] == hit.passage.text


async def test_one_folder_never_deletes_what_came_from_another(store: LanceStore, base: Path, tmp_path: Path) -> None:
    elsewhere = _write(tmp_path / "elsewhere", {"x.md": "white hare"})
    await _index(store, base, "docs", "notes")
    await _index(store, base, str(elsewhere))
    whole = (elsewhere / "x.md").resolve().as_posix()
    assert await _ids(store) == {"docs/a.md", "docs/b.md", "notes/c.txt", whole}
    for path in ("docs", "notes", ".", str(elsewhere)):
        assert (await _index(store, base, path)).deleted == []
    (base / "notes/c.txt").unlink()
    assert (await _index(store, base, "docs")).deleted == []
    assert (await _index(store, base, ".")).deleted == ["notes/c.txt"]
    assert await _ids(store) == {"docs/a.md", "docs/b.md", whole}


async def test_a_folder_whose_name_begins_alike_is_another_folder(store: LanceStore, base: Path) -> None:
    _write(base, {"docs-old/a.md": "old fox"})
    await _index(store, base, "docs-old")
    assert (await _index(store, base, "docs")).deleted == []


async def test_no_roots_delete_nothing(store: LanceStore, base: Path) -> None:
    await _index(store, base, "docs")
    assert (await sync([], store, EMBEDDER, roots=())).deleted == []


async def test_paths_that_overlap_bring_a_file_once(store: LanceStore, base: Path) -> None:
    report = await _index(store, base, "docs", "docs/a.md", ".")
    assert (len(report.added), report.skipped) == (3, [])


async def test_another_document_under_a_taken_id_is_skipped_and_said(store: LanceStore) -> None:
    twice = [Document(id="x", text=text, source="s") for text in ("first", "second")]
    report = await sync(twice, store, EMBEDDER, roots=())
    assert [item.reason for item in report.skipped] == ["its id was given before"]
    assert (await store.document("x")).text == "first"


async def test_a_skipped_file_keeps_its_earlier_version(store: LanceStore, base: Path) -> None:
    await _index(store, base, "docs")
    (base / "docs/a.md").write_bytes(b"now\0binary")
    report = await _index(store, base, "docs")
    assert [item.id for item in report.skipped] == ["docs/a.md"] and report.deleted == []
    assert (await store.document("docs/a.md")).text == "# A\n\nred fox"


async def test_documents_in_a_folder_that_could_not_be_read_are_kept(store: LanceStore, base: Path) -> None:
    await _index(store, base, ".")
    unread = [Skipped(id="docs", source="docs", reason="the folder cannot be read")]
    report = await sync(unread, store, EMBEDDER, roots=["."])
    assert report.deleted == ["notes/c.txt"]


async def test_a_dry_run_says_the_same_and_writes_nothing(store: LanceStore, base: Path) -> None:
    would = await _index(store, base, "docs", dry_run=True)
    assert await _ids(store) == set()
    did = await _index(store, base, "docs")
    assert (would.added, would.passages) == (did.added, did.passages)


async def test_other_chunk_sizes_cut_everything_anew(store: LanceStore, base: Path) -> None:
    await _index(store, base, "docs")
    report = await _index(store, base, "docs", chunker=Chunker(max_tokens=50, min_tokens=10))
    assert (report.changed, report.unchanged) == (["docs/a.md", "docs/b.md"], 0)


async def test_without_an_embedder_passages_are_found_by_keyword(tmp_path: Path, base: Path) -> None:
    async with LanceStore(tmp_path / "words") as store:
        await sync(load(base / "docs", base=base), store, None, roots=["docs"])
        (hit,) = await store.search("foxes")
        assert hit.passage.document_id == "docs/a.md" and hit.degraded


async def test_more_than_a_batch_is_written_and_progress_counts_up(store: LanceStore) -> None:
    many = [Document(id=f"d{n}", text=f"fox {n}", source="s") for n in range(BATCH_DOCUMENTS * 2 + 5)]
    seen: list[int] = []
    report = await sync(many, store, EMBEDDER, roots=(), progress=lambda report: seen.append(report.passages))
    assert report.passages == await store.count() == len(many)
    assert seen == sorted(seen) and len(set(seen)) >= 3


async def test_documents_are_taken_as_they_are_needed(store: LanceStore) -> None:
    taken, most = 0, 0

    def stream() -> Iterator[Document]:
        nonlocal taken, most
        for number in range(BATCH_DOCUMENTS * 8):
            taken += 1
            most = max(most, taken - written)
            yield Document(id=f"d{number}", text=f"fox {number}", source="s")

    written = 0

    class Counting(HashEmbedder):
        async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
            nonlocal written
            written += len(texts)
            assert len(texts) <= BATCH_CHUNKS
            return await super().embed(texts)

    await sync(stream(), store, Counting(), roots=())
    assert most <= BATCH_DOCUMENTS * 3 + 1


@pytest.mark.parametrize("stop", [asyncio.CancelledError(), ModelUnavailable("gone", hint="look for it")])
async def test_stopped_midway_it_keeps_whole_batches_and_goes_on_from_there(
    store: LanceStore, stop: BaseException
) -> None:
    class Stopping(HashEmbedder):
        calls = 0

        async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
            self.calls += 1
            if self.calls == 2:
                raise stop
            return await super().embed(texts)

    many = [Document(id=f"d{n}", text=f"fox {n}", source="s") for n in range(BATCH_DOCUMENTS * 3)]
    with pytest.raises(type(stop)):
        await sync(many, store, Stopping(), roots=())
    assert await store.count() == BATCH_DOCUMENTS
    report = await sync(many, store, EMBEDDER, roots=())
    assert (report.unchanged, len(report.added)) == (BATCH_DOCUMENTS, BATCH_DOCUMENTS * 2)


def _failing(store: LanceStore, monkeypatch: pytest.MonkeyPatch, times: int, error: CitewardError) -> list[int]:
    """Makes the store's first writes fail; returns the list that counts the tries."""
    upsert, tries = store.upsert, [0]

    async def unsteady(*args: object, **kwargs: object) -> None:
        tries[0] += 1
        if tries[0] <= times:
            raise error
        await upsert(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "upsert", unsteady)
    return tries


async def test_a_write_that_may_yet_succeed_is_tried_again(
    store: LanceStore, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = _failing(store, monkeypatch, 2, StoreUnavailable("another writer", hint="Wait."))
    assert len((await _index(store, base, "docs")).added) == 2
    assert tries == [3]


async def test_a_write_that_cannot_succeed_is_not_tried_again(
    store: LanceStore, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = _failing(store, monkeypatch, 1, StoreReadOnly("read-only", hint="Make it writable."))
    with pytest.raises(StoreReadOnly):
        await _index(store, base, "docs")
    assert tries == [1]


async def test_a_document_that_cannot_be_cut_embedded_or_stored_stops_no_other(store: LanceStore) -> None:
    class Picky(Chunker):
        def __call__(self, document: Document) -> Any:
            if document.id == "deep":
                raise RecursionError("too deep")
            return super().__call__(document)

    class Short(HashEmbedder):
        async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
            if any("long" in text for text in texts):
                raise InputTooLong("9000 tokens", hint="Cut it smaller.")
            return await super().embed(texts)

    documents = [
        Document(id="a", text="red fox", source="a"),
        Document(id="deep", text="brown bear", source="deep"),
        Document(id="long", text="a long story", source="long"),
        Document(id="odd", text="grey wolf", source="odd", meta={"page": float("nan"), "no\0": 1}),
        Document(id="b", text="white hare", source="b"),
    ]
    report = await sync(documents, store, Short(), roots=("",), chunker=Picky())
    assert (report.added, report.passages, report.seen) == (["a", "b"], 2, 5)
    assert await _ids(store) == {"a", "b"}
    reasons = {item.id: item.reason for item in report.skipped}
    assert reasons.keys() == {"deep", "long", "odd"}
    assert (reasons["deep"], reasons["long"]) == ("cannot be cut: RecursionError: too deep", "9000 tokens")


async def test_a_version_that_nobody_may_be_shown_any_more_is_deleted(store: LanceStore) -> None:
    await sync([Document(id=name, text="fox", source=name) for name in ("f/a", "f/b", "g")], store, EMBEDDER, roots=())
    unclear = [Skipped(id="f", source="f", reason="who may read it is not said", keep=False)]
    report = await sync(unclear, store, EMBEDDER, roots=())
    assert report.deleted == ["f/a", "f/b"] and await _ids(store) == {"g"}


async def test_tenants_are_kept_apart(store: LanceStore, base: Path) -> None:
    await _index(store, base, ".")
    other = await _index(store, base, "notes", tenant="acme")
    assert other.added == ["notes/c.txt"]
    (base / "notes/c.txt").unlink()
    assert (await _index(store, base, ".", tenant="acme")).deleted == ["notes/c.txt"]
    assert "notes/c.txt" in await _ids(store)


async def test_other_groups_are_written_anew(store: LanceStore, base: Path) -> None:
    await _index(store, base, "docs")
    found = list(load(base / "docs", base=base, groups=("staff",)))
    report = await sync(found, store, EMBEDDER, roots=["docs"])
    assert len(report.changed) == 2
    assert await store.search("fox", alpha=0, groups=["board"]) == []
    assert len(await store.search("fox", alpha=0, groups=["staff"])) == 1


async def test_a_huge_document_is_written_whole_and_embedded_in_slices(store: LanceStore) -> None:
    sizes: list[int] = []

    class Counting(HashEmbedder):
        async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
            sizes.append(len(texts))
            return await super().embed(texts)

    text = "\n\n".join(f"# H{number}\n\n" + f"fox {number} " * 30 for number in range(2000))
    book = Document(id="book", text=text, source="book.md")
    report = await sync([book], store, Counting(), roots=(), chunker=Chunker(max_tokens=60, min_tokens=10))
    assert report.passages == await store.count() == sum(sizes) >= 2000
    assert max(sizes) <= SLICE and report.bytes == len(text)


async def test_a_cancelled_sync_finishes_the_write_at_hand_and_counts_it(
    store: LanceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upsert, writing, reports = store.upsert, asyncio.Event(), []

    async def slow(*args: Any, **kwargs: Any) -> None:
        writing.set()
        await asyncio.sleep(0)
        await upsert(*args, **kwargs)

    monkeypatch.setattr(store, "upsert", slow)
    many = [Document(id=f"d{n}", text=f"fox {n}", source="s") for n in range(BATCH_DOCUMENTS * 3)]
    task = asyncio.create_task(sync(many, store, EMBEDDER, roots=(), progress=reports.append))
    await writing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(reports[-1].added) == await store.count() == BATCH_DOCUMENTS


async def test_an_outage_of_the_embedder_comes_after_what_was_embedded_before_it(store: LanceStore) -> None:
    class Failing(HashEmbedder):
        calls = 0

        async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
            self.calls += 1
            if self.calls == 4:
                raise ModelUnavailable("gone", hint="Start it.")
            return await super().embed(texts)

    many = [Document(id=f"d{n}", text=f"fox {n}", source="s") for n in range(BATCH_DOCUMENTS * 6)]
    with pytest.raises(ModelUnavailable):
        await sync(many, store, Failing(), roots=())
    assert await store.count() == BATCH_DOCUMENTS * 3


async def test_the_report_can_be_written_as_json(store: LanceStore, base: Path) -> None:
    (base / "docs/x.bin").write_bytes(b"\0")
    report = json.loads(json.dumps(asdict(await _index(store, base, "docs"))))
    assert report["skipped"][0]["reason"] and report["seen"] == 3 and report["rate"] > 0


class Packer:
    """Packs the number of tokens."""

    def __init__(self, name: str = "count") -> None:
        self.name = name

    def pack(self, tokens: TokenVectors, text: str, /) -> bytes:
        return str(len(tokens.offsets)).encode()


class WithTokens(HashEmbedder):
    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        return [
            TokenVectors(
                vectors=await self.embed(text.split()),
                offsets=tuple((match.start(), match.end()) for match in re.finditer(r"\S+", text)),
            )
            for text in texts
        ]

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        return await self.embed(texts), await self.embed_tokens(texts)


async def test_packed_token_vectors_are_stored_with_each_passage(store: LanceStore, base: Path) -> None:
    plain = await _index(store, base, "docs")
    found = list(load(base / "docs", base=base))
    packed = await sync(found, store, WithTokens(), roots=["docs"], packer=Packer())
    assert packed.changed == plain.added
    hits = await store.search("fox bear", alpha=0)
    tokens = await store.tokens([hit.passage.id for hit in hits])
    assert sorted(tokens.values()) == [b"5", b"5"]  # the heading before the passage's own four
    again = await sync(found, store, WithTokens(), roots=["docs"], packer=Packer())
    other = await sync(found, store, WithTokens(), roots=["docs"], packer=Packer("other"))
    assert (again.unchanged, len(other.changed)) == (2, 2)


async def test_a_packer_means_nothing_to_an_embedder_without_token_vectors(store: LanceStore, base: Path) -> None:
    await _index(store, base, "docs")
    assert (await _index(store, base, "docs", packer=Packer())).unchanged == 2


async def test_a_link_out_of_the_folder_is_never_indexed_and_what_stood_in_its_place_is_deleted(
    store: LanceStore, base: Path, tmp_path: Path
) -> None:
    await _index(store, base, "docs")
    secret = _write(tmp_path, {"secret/key.md": "the secret"}) / "secret" / "key.md"
    (base / "docs/a.md").unlink()
    (base / "docs/a.md").symlink_to(secret)
    report = await _index(store, base, "docs")
    assert (report.deleted, [item.id for item in report.skipped]) == (["docs/a.md"], ["docs/a.md"])
    assert await _ids(store) == {"docs/b.md"}


async def test_a_link_that_was_followed_by_choice_vanishes_with_the_link(
    store: LanceStore, base: Path, tmp_path: Path
) -> None:
    outside = _write(tmp_path, {"outside.md": "white hare"}) / "outside.md"
    (base / "docs/link.md").symlink_to(outside)

    async def index() -> SyncReport:
        found = load(base / "docs", base=base, settings=IndexSettings(outside_links=True))
        return await sync(found, store, EMBEDDER, roots=["docs"])

    assert "docs/link.md" in (await index()).added
    (base / "docs/link.md").unlink()
    assert (await index()).deleted == ["docs/link.md"]


async def test_a_link_to_the_folder_itself_keeps_nothing_alive(store: LanceStore, base: Path) -> None:
    (base / "docs/again").symlink_to(base / "docs")
    await _index(store, base, "docs")
    (base / "docs/a.md").unlink()
    assert (await _index(store, base, "docs")).deleted == ["docs/a.md"]


class Forgetful(LanceStore):
    """A store that can lose parts of documents, and knows which documents it has to look for."""

    lost: tuple[str, ...] = ()
    looks: tuple[bool, ...] = ()

    async def unverified(self, *, tenant: str = "default") -> list[str]:
        return list(self.lost)

    async def verify(self, *, tenant: str = "default", dry_run: bool = False) -> list[str]:
        self.looks = (*self.looks, dry_run)
        return list(self.lost)


async def test_what_a_store_lost_is_written_anew_although_it_has_not_changed(tmp_path: Path, base: Path) -> None:
    async with Forgetful(tmp_path / "forgetful", embedder="hash", dimensions=64) as store:
        await _index(store, base, "docs", "notes")
        store.lost = ("docs/a.md", "notes/c.txt", "gone.md")
        dry = await _index(store, base, "docs", dry_run=True)
        report = await _index(store, base, "docs")
        store.lost = ()
        again = await _index(store, base, "docs")
    assert (dry.changed, dry.unchanged) == (report.changed, report.unchanged) == (["docs/a.md"], 1)
    assert (report.added, report.deleted) == ([], [])
    assert (again.changed, again.unchanged) == ([], 2)
    assert store.looks == (False, True, False, False), "a dry run marks nothing"
