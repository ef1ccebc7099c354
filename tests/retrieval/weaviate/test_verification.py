"""What is acknowledged is found, although answers are lost and the server keeps objects out of an index."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from citeward.contracts.retrieval import Verifiable
from citeward.errors import StoreUnavailable
from citeward.ingest.sync import sync
from citeward.retrieval.weaviate import WeaviateStore, sending, verification, writing
from citeward.retrieval.weaviate.connection import Moment
from citeward.retrieval.weaviate.rows import Note, Row, head_id, passage_id
from citeward.retrieval.weaviate.schema import VERIFIED
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, found, sample

Make = Callable[..., WeaviateStore]
Damage = Callable[[Row], Row | None]
EMBEDDER = HashEmbedder()
MORE_THAN_A_WRITE_TAKES = 60
SAMPLES = [
    sample(f"d{n}", *(f"word{n}x{part} fox" for part in range(3)), content_hash="1", meta={"n": n}) for n in range(6)
]


def without_vector(row: Row) -> Row | None:
    """As a server keeps it that was killed before the vector was in its index."""
    return replace(row, vector=None)


def without_words(row: Row) -> Row | None:
    return replace(row, properties={**row.properties, "words": ""})


def without_version(row: Row) -> Row | None:
    return replace(row, properties={**row.properties, "version": "lost"})


def not_at_all(row: Row) -> Row | None:
    return None


def damaging(monkeypatch: pytest.MonkeyPatch, damage: Damage, *, times: int, document: str = "d3") -> None:
    """Let the server keep a document's passages damaged, as often as they are written."""
    send, left = sending._send, [times]

    async def damaged(tenant: Any, part: Any, rows: Sequence[Row]) -> None:
        hit = [row for row in rows if f" {document}#" in str(row.properties.get("reference", ""))]
        if hit and left[0]:
            left[0] -= len(rows) > 1  # the last passage of a write is sent twice
            rows = [one for row in rows if (one := damage(row) if row in hit else row) is not None]
        await send(tenant, part, rows)

    monkeypatch.setattr(sending, "_send", damaged)


async def everything_is_found(store: WeaviateStore) -> None:
    """By vector alone, by keyword alone, in the listing and in the count; nothing is there twice."""
    for document, chunks in SAMPLES:
        for chunk in chunks:
            for alpha in (0.0, 1.0):
                hits = await store.search(chunk.text, (await EMBEDDER.embed([chunk.text]))[0], alpha=alpha, limit=5)
                assert (document.id, chunk.text) in {(hit.passage.document_id, hit.passage.text) for hit in hits}
        assert (await store.document(document.id)).text == document.text
    assert sorted([one.id async for one in store.documents()]) == [document.id for document, _ in SAMPLES]
    part = await store._found("default")
    there = await store._connection.ask(lambda client: part.passages(client).aggregate.over_all(total_count=True))
    assert there.total_count == await store.count() == 3 * len(SAMPLES)
    assert await store.unverified() == [] and await store.verify() == []


@pytest.mark.parametrize("damage", [without_vector, without_words, without_version, not_at_all])
async def test_a_write_is_repeated_until_its_passages_are_found(
    make: Make, monkeypatch: pytest.MonkeyPatch, damage: Damage
) -> None:
    store = make()
    monkeypatch.setattr(verification, "SAMPLED", 1)
    await fill(store, EMBEDDER, *SAMPLES)
    damaging(monkeypatch, damage, times=2)
    await fill(store, EMBEDDER, *SAMPLES)
    monkeypatch.undo()
    await everything_is_found(store)


async def test_what_is_never_found_is_not_acknowledged(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make()
    await fill(store, EMBEDDER, *(sample(f"d{n}", "old") for n in range(6)))
    damaging(monkeypatch, without_vector, times=writing._STAGINGS)
    with pytest.raises(StoreUnavailable, match=r"'d0' and 5 more documents were written 4 times"):
        await fill(store, EMBEDDER, *SAMPLES)
    monkeypatch.undo()
    assert (await store.document("d3")).text == "old"
    await fill(store, EMBEDDER, *SAMPLES)
    await everything_is_found(store)


async def test_a_write_whose_answer_is_lost_is_found_whichever_request_it_is(make: Make) -> None:
    for request in range(1, MORE_THAN_A_WRITE_TAKES):
        store = make()
        once, made = store._connection._once, count(1)

        async def lost(
            call: Callable[[Any], Awaitable[Any]], once: Any = once, made: Any = made, request: int = request
        ) -> Any:
            answer, number = await once(call), next(made)
            if number == request:
                raise StoreUnavailable("the answer was lost", hint="")
            return answer

        store._connection._once = lost  # type: ignore[method-assign]
        await fill(store, EMBEDDER, *SAMPLES)
        assert store._connection.failures == (1 if next(made) > request else 0)
        store._connection._once = once  # type: ignore[method-assign]
        assert [one.id async for one in store.documents()] and await store.count() == 3 * len(SAMPLES)
        assert sorted(await found(store, EMBEDDER, "fox", alpha=1, limit=100)) == sorted(
            document.id for document, chunks in SAMPLES for _ in chunks
        ), f"request {request}"
        if not store._connection.failures:
            return
        await store.drop()
    pytest.fail("a write takes more requests than were tried")


async def test_a_server_that_was_restarted_amid_a_write_makes_it_start_over(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make()
    await fill(store, EMBEDDER, sample("other", "text"))
    moments, versions = iter(["1", "2", "2", "2"]), []

    async def moment() -> Moment:
        return Moment(failures=0, slow=0, epoch=next(moments))

    head_row = writing.head_row

    def noted(document: Any, passages: int, version: str, *, verified: bool) -> Row:
        versions.append(version)
        return head_row(document, passages, version, verified=verified)

    monkeypatch.setattr(store._connection, "moment", moment)
    monkeypatch.setattr(writing, "head_row", noted)
    await fill(store, EMBEDDER, *SAMPLES)
    assert list(moments) == [], "both attempts were looked at"
    await store.delete(["other"])
    await everything_is_found(store)


def test_a_moment_tells_what_came_between() -> None:
    now = Moment(failures=1, slow=1, epoch="n1:3:7")
    assert not now.interrupted_before(now) and not now.doubtful_before(now)
    assert now.interrupted_before(replace(now, failures=2))
    restarted = replace(now, epoch="n1:4:7")
    assert now.interrupted_before(restarted) and now.restarted_before(restarted)
    assert not now.doubtful_before(replace(now, slow=2)), "the server tells whether it was restarted"
    silent = replace(now, epoch="")
    assert silent.doubtful_before(replace(silent, slow=2)) and not silent.interrupted_before(silent)


async def damaged_store(make: Make, monkeypatch: pytest.MonkeyPatch, damage: Damage) -> WeaviateStore:
    """A store as an older Citeward left it: nothing was looked for."""
    store = make()

    async def blind(*_: Any, **__: Any) -> verification.Verdict:
        return verification.Verdict.QUEUED

    with monkeypatch.context() as patch:
        patch.setattr(writing, "verify", blind)
        damaging(patch, damage, times=1)
        await fill(store, EMBEDDER, *SAMPLES)
    return store


@pytest.mark.parametrize("damage", [without_vector, without_version, not_at_all])
async def test_what_an_older_write_lost_is_told_and_written_anew_by_the_next_index(
    make: Make, monkeypatch: pytest.MonkeyPatch, damage: Damage
) -> None:
    store = await damaged_store(make, monkeypatch, damage)
    everything = [document.id for document, _ in SAMPLES]
    assert isinstance(store, Verifiable)
    assert await store.unverified() == everything
    assert await store.verify(dry_run=True) == ["d3"] and await store.unverified() == everything
    assert await make(read_only=True).verify(dry_run=True) == ["d3"]
    assert await store.verify() == ["d3"] and await store.unverified() == ["d3"], "the others were found and marked"
    by_id = {document.id: chunks for document, chunks in SAMPLES}

    class Cutter:
        version = "1"

        def __call__(self, document: Any) -> Any:
            return by_id[document.id]

    documents = [document for document, _ in SAMPLES]
    await sync(documents, store, EMBEDDER, roots=[], chunker=Cutter())  # hashes are sync's own from here on
    part = await store._found("default")
    (version,) = (await part.heads(["d2"])).values()
    lost = passage_id(version, 1)
    await store._connection.tell(lambda client: part.passages(client).data.delete_by_id(lost))
    unverified = {VERIFIED: False}
    await store._connection.tell(
        lambda client: part.documents(client).data.update(uuid=head_id("d2"), properties=unverified)
    )
    report = await sync(documents, store, EMBEDDER, roots=[], chunker=Cutter(), dry_run=True)
    assert (report.changed, report.unchanged) == (["d2"], 5)
    report = await sync(documents, store, EMBEDDER, roots=[], chunker=Cutter())
    assert (report.changed, report.unchanged) == (["d2"], 5)
    await everything_is_found(store)
    report = await sync(documents, store, EMBEDDER, roots=[], chunker=Cutter())
    assert (report.changed, report.unchanged) == ([], 6)


async def test_a_document_whose_write_was_stopped_is_unverified_until_that_is_cleared_away(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, writer = make(), make()
    await fill(store, EMBEDDER, sample("a", "fox"))
    assert await store.unverified() == []
    once, made = writer._connection._once, count(1)

    async def stopped(call: Callable[[Any], Awaitable[Any]]) -> Any:
        if next(made) > 14:
            raise KeyboardInterrupt
        return await once(call)

    writer._connection._once = stopped  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await fill(writer, EMBEDDER, sample("b", "bear"))
    assert await store.unverified() == ["b"] and await store.verify() == []
    assert await store.unverified() == ["b"], "its writer may still be at it"
    monkeypatch.setattr(Note, "dead", True)
    assert await store.verify(dry_run=True) == [] and await store.unverified() == ["b"]
    assert await store.verify() == [] == await store.unverified()
    assert await found(store, EMBEDDER, "fox", alpha=0) == ["a"]
    assert await store.unverified(tenant="nobody") == [] and await store.verify(tenant="nobody") == []


async def test_a_collection_of_an_older_citeward_has_no_place_for_the_mark_and_is_brought_up_to_date(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from citeward.retrieval.weaviate import schema

    properties = schema._document_properties
    head_row = writing.head_row

    def unmarked(*arguments: Any, verified: bool) -> Row:
        row = head_row(*arguments, verified=verified)
        return replace(row, properties={name: value for name, value in row.properties.items() if name != VERIFIED})

    with monkeypatch.context() as patch:
        patch.setattr(schema, "_document_properties", lambda: [one for one in properties() if one.name != VERIFIED])
        patch.setattr(writing, "head_row", unmarked)
        await fill(make(), EMBEDDER, *SAMPLES)
    everything = [document.id for document, _ in SAMPLES]
    assert await make().unverified() == everything
    assert await make(read_only=True).verify(dry_run=True) == []
    assert await make().verify() == [] and await make().unverified() == []
    await everything_is_found(make())


async def test_a_store_without_vectors_is_verified_by_keyword(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    store = make(None)
    monkeypatch.setattr(verification, "SAMPLED", 1)
    damaging(monkeypatch, without_words, times=1)
    rows = [np.zeros((3, 0), np.float32)] * len(SAMPLES)
    await store.upsert([document for document, _ in SAMPLES], [chunks for _, chunks in SAMPLES], rows)
    for document, chunks in SAMPLES:
        assert (await store.search(chunks[0].text))[0].passage.document_id == document.id
    assert await store.unverified() == [] == await store.verify()
