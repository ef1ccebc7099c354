"""What is put into a store comes back: whole documents, tenants, ids, replacing and deleting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from citeward.contracts.retrieval import Chunk, Document, Embedder, MetaValue, Store, Verifiable, Where
from citeward.errors import InvalidInput, NotFound
from citeward.testing.suites.retriever_samples import ODD_NAMES, fill, found, raises, sample


async def passages_come_back_as_stored(store: Store, embedder: Embedder) -> None:
    """Text, offsets, source, title, meta and the whole document, to the letter."""
    meta: dict[str, MetaValue] = {"n": 3, "f": 1.0, "b": True, "s": 'it\'s "x"', "l": ("a", "b"), "empty": ()}
    document, chunks = sample("a#1/ü", "Crème brûlée\r\n\tfor\u2028two.", "🐈 sleeps. ", title="T", meta=meta)
    await fill(store, embedder, (document, chunks))
    for chunk in chunks:
        (hit, *_) = await store.search(chunk.text, (await embedder.embed([chunk.text]))[0])
        got = hit.passage
        assert (got.text, got.start, got.end) == (chunk.text, chunk.start, chunk.end), "text and offsets"
        assert (got.document_id, got.source, got.title) == (document.id, document.source, "T"), "where it is from"
        assert dict(got.meta) == meta and [type(v) for v in got.meta.values()] == [type(v) for v in meta.values()]
        assert got.score == hit.score, "the passage carries the fused score"
        assert document.text[got.start : got.end] == got.text, "offsets point into the document"
    assert await store.document(document.id) == document, "the whole document"


async def upsert_replaces_the_whole_document(store: Store, embedder: Embedder) -> None:
    """Passages that the new version lacks are gone, others' are untouched, and the count agrees."""
    await fill(store, embedder, sample("a", "red fox", "brown bear", "grey wolf"), sample("b", "white hare"))
    await fill(store, embedder, sample("a", "green frog", content_hash="2"))
    assert await store.count() == 2, "passages after a shorter version"
    assert await found(store, embedder, "wolf", alpha=0) == [], "a passage of the old version"
    assert await found(store, embedder, "frog", alpha=0) == ["a"], "a passage of the new one, at once"
    assert await found(store, embedder, "hare", alpha=0) == ["b"], "another document"
    listed = {one.id: (one.content_hash, one.source, one.passages) async for one in store.documents()}
    assert listed == {"a": ("2", "source of a", 1), "b": ("", "source of b", 1)}, "documents() lists each once"
    assert (await store.document("a")).text == "green frog"


async def the_same_upsert_twice_is_one(store: Store, embedder: Embedder) -> None:
    """Nothing is doubled, in the listing, the count or a search."""
    for _ in range(2):
        await fill(store, embedder, sample("a", "red fox", "brown bear"), sample("b", "red hare"))
    assert await store.count() == 3
    assert sorted([one.id async for one in store.documents()]) == ["a", "b"]
    assert sorted(await found(store, embedder, "red", alpha=0)) == ["a", "b"]


async def delete_removes_documents(store: Store, embedder: Embedder) -> None:
    """It counts those that were there, and does nothing where there are none."""
    await fill(store, embedder, sample("a", "red fox", "brown bear"), sample("b", "white hare"))
    assert await store.delete(["a", "a", "never there"]) == 1
    assert await store.delete(["a"]) == 0 and await store.delete([]) == 0
    assert await store.delete(["b"], tenant="nobody") == 0
    assert await store.count() == 1
    with raises(NotFound, "a deleted document"):
        await store.document("a")


async def a_document_without_passages_is_kept(store: Store, embedder: Embedder) -> None:
    """It is listed and can be read, but neither found nor counted."""
    await fill(store, embedder, (Document(id="blank", text="  \n", source="s"), []))
    assert await store.count() == 0
    assert [(one.id, one.passages) async for one in store.documents()] == [("blank", 0)]
    assert (await store.document("blank")).text == "  \n"
    assert await found(store, embedder, "blank") == []


async def tenants_are_apart(store: Store, embedder: Embedder) -> None:
    """Whatever they are called; a tenant that is not there is NotFound to a search and empty to a listing."""
    for name in ODD_NAMES:
        await fill(store, embedder, sample("doc", f"secret of number {ODD_NAMES.index(name)}"), tenant=name)
    for number, name in enumerate(ODD_NAMES):
        assert await store.count(tenant=name) == 1, f"tenant {name!r}"
        assert (await store.document("doc", tenant=name)).text == f"secret of number {number}"
    with raises(NotFound, "a search in a tenant that is not there"):
        await store.search("x", tenant="nobody")
    with raises(NotFound, "a document of a tenant that is not there"):
        await store.document("doc", tenant="nobody")
    assert await store.count(tenant="nobody") == 0
    assert [one async for one in store.documents(tenant="nobody")] == []


async def odd_ids_are_kept_apart(store: Store, embedder: Embedder) -> None:
    """A document's id may be any text."""
    await fill(store, embedder, *(sample(name, f"word{n}") for n, name in enumerate(ODD_NAMES)))
    for number, name in enumerate(ODD_NAMES):
        assert (await store.document(name)).text == f"word{number}", repr(name)
        assert await found(store, embedder, f"word{number}", alpha=0) == [name]
        only = Where(field="document_id", op="eq", value=name)
        assert await found(store, embedder, "word", alpha=1, filters=only) == [name], repr(name)
    assert await store.delete(list(ODD_NAMES)) == len(ODD_NAMES)
    assert await store.count() == 0


async def bad_documents_are_refused_whole(store: Store, embedder: Embedder) -> None:
    """With InvalidInput, and nothing of the batch is written."""
    good, pieces = sample("good", "text")
    row = await embedder.embed(["text"])
    wrong = [
        ([good, good], [pieces, pieces], [row, row]),
        ([good], [pieces], []),
        ([good], [pieces], [row[:, 1:]]),
        ([good], [pieces], [row * np.float32("nan")]),
        ([good], [[Chunk(ordinal=0, text="text", start=1, end=5)]], [row]),
        ([good], [[Chunk(ordinal=1, text="text", start=0, end=4)]], [row]),
        ([Document(id="", text="text", source="s")], [pieces], [row]),
        ([Document(id="x", text="text \ud800", source="s")], [pieces], [row]),
        ([Document(id="x", text="text", source="s", meta={"n": float("inf")})], [pieces], [row]),
    ]
    for documents, chunks, vectors in wrong:
        with raises(InvalidInput, f"{documents} {chunks}"):
            await store.upsert(documents, chunks, vectors)
    assert await store.count() == 0
    await store.upsert([], [], [])


async def token_vectors_are_kept_with_their_passage(store: Store, embedder: Embedder) -> None:
    """Byte by byte, replaced and removed with it; what was stored without any is left out."""
    document, (first, second) = sample("a", "red fox", "brown bear")
    packed = replace(first, tokens=bytes(range(256)))
    await fill(store, embedder, (document, [packed, second]))
    hits = await store.search("fox bear")
    ids = {hit.passage.text: hit.passage.id for hit in hits}
    everything = [*ids.values(), "never there"]
    assert await store.tokens(everything) == {ids["red fox"]: packed.tokens}
    assert await store.tokens([]) == {} and await store.tokens(everything, tenant="nobody") == {}
    await fill(store, embedder, (document, [first, second]))
    assert await store.tokens(everything) == {}, "an upsert replaces them as well"
    await fill(store, embedder, (document, [packed, second]))
    await store.delete(["a"])
    assert await store.tokens(everything) == {}, "deleted with their document"


async def tenants_are_listed(store: Store, embedder: Embedder) -> None:
    """Each that has documents, sorted, whatever it is called."""
    assert await store.tenants() == []
    for name in ("b", "A", "日本", "x" * 501):
        await fill(store, embedder, sample("doc", "text"), tenant=name)
    assert await store.tenants() == sorted(["b", "A", "日本", "x" * 501])


async def searches_while_writing_see_whole_documents(store: Store, embedder: Embedder) -> None:
    """While a document is replaced again and again, each search finds all passages of one version of it."""
    rounds, passages = 6, 4

    def version(number: int) -> tuple[Document, list[Chunk]]:
        return sample("moving", *(f"fox v{number} part{part}" for part in range(passages)))

    await fill(store, embedder, version(0), sample("still", "fox at rest"))
    vector = (await embedder.embed(["fox"], queries=True))[0]
    writing, searches = True, 0

    async def write() -> None:
        nonlocal writing
        for number in range(1, rounds):
            await fill(store, embedder, version(number))
        writing = False

    async def read(alpha: float) -> None:
        nonlocal searches
        while writing:
            searches += 1
            hits = await store.search("fox", vector, alpha=alpha, limit=50)
            seen = sorted(hit.passage.text for hit in hits if hit.passage.document_id == "moving")
            numbers = {text.split()[1] for text in seen}
            assert len(numbers) == 1, f"one search found the versions {sorted(numbers)}"
            assert len(seen) == passages, f"of {passages} passages one search found {seen}"
            assert sum(hit.passage.document_id == "still" for hit in hits) == 1, "a document that nobody touches"
            await asyncio.sleep(0)

    await asyncio.gather(write(), read(0.0), read(0.5), read(1.0))
    assert searches > 3, "nothing was searched meanwhile"
    assert (await store.document("moving")).text.startswith(f"fox v{rounds - 1}")


async def what_is_acknowledged_is_found(store: Store, embedder: Embedder) -> None:
    """Every passage by its own vector, by its own words and in the count, however often its write was cut off.

    A write that was cancelled may be done or not. Written again it is there once, and so is what was there before.
    """
    documents = [sample(f"d{n}", *(f"word{n}x{part} fox" for part in range(4))) for n in range(12)]
    before, moving = documents[:4], documents[4:]
    await fill(store, embedder, *before)
    for turns in (1, 3, 9, 27, 81):
        write = asyncio.create_task(fill(store, embedder, *moving))
        for _ in range(turns):
            await asyncio.sleep(0)
        write.cancel()
        with suppress(asyncio.CancelledError):
            await write
        await _all_found(store, embedder, before)
    await fill(store, embedder, *moving)
    await _all_found(store, embedder, documents)
    if isinstance(store, Verifiable):
        assert await store.verify() == [], "documents that have to be written anew"
    assert await store.count() == sum(len(chunks) for _, chunks in documents), "passages are counted once"
    assert sorted([one.id async for one in store.documents()]) == sorted(one.id for one, _ in documents)


async def _all_found(store: Store, embedder: Embedder, documents: Sequence[tuple[Document, list[Chunk]]]) -> None:
    for document, chunks in documents:
        for chunk in chunks:
            vector = (await embedder.embed([chunk.text]))[0]
            for alpha in (0.0, 1.0):
                hits = await store.search(chunk.text, vector, alpha=alpha, limit=5)
                seen = [hit.passage.text for hit in hits if hit.passage.document_id == document.id]
                assert seen.count(chunk.text) == 1, f"{chunk.text!r} of {document.id!r} at alpha {alpha:g}: {seen}"


async def optimize_changes_nothing_found(store: Store, embedder: Embedder) -> None:
    """It may be called at any time, also on a store that is empty."""
    await store.optimize()
    await fill(store, embedder, sample("a", "red fox"), sample("b", "brown bear"))
    before = await found(store, embedder, "fox")
    await store.optimize()
    await store.optimize()
    assert await found(store, embedder, "fox") == before
    await fill(store, embedder, sample("c", "arctic fox"))
    assert set(await found(store, embedder, "fox", alpha=0)) == {"a", "c"}, "written after optimize, found at once"


async def the_generation_changes_with_the_documents(store: Store, embedder: Embedder) -> None:
    """With each write of this tenant's documents, and not while nothing is written."""
    assert await store.generation() == await store.generation(), "of an empty store"
    seen = {await store.generation()}
    for write in (
        lambda: fill(store, embedder, sample("a", "red fox")),
        lambda: fill(store, embedder, sample("a", "grey wolf")),
        lambda: store.delete(["a"]),
    ):
        await write()
        generation = await store.generation()
        assert generation not in seen, "a write changes the generation"
        assert await store.generation() == generation, "reading does not"
        seen.add(generation)
