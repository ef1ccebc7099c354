"""Writes that are stopped at every request, and writes that meet."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from citeward.contracts.retrieval import Where
from citeward.errors import StoreError
from citeward.retrieval.weaviate import WeaviateStore
from citeward.retrieval.weaviate.rows import Note
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, found, sample

Make = Callable[..., WeaviateStore]
EMBEDDER = HashEmbedder()
MORE_THAN_A_WRITE_TAKES = 40


class Stopped(BaseException):
    """As if the process had ended here."""


def stop_at(store: WeaviateStore, request: int) -> None:
    """Let the store's process end before this request, counted from 1."""
    connection, made = store._connection, 0
    once = connection._once

    async def counted(call: Callable[[Any], Any]) -> Any:
        nonlocal made
        made += 1
        if made >= request:
            raise Stopped
        return await once(call)

    connection._once = counted  # type: ignore[method-assign]


async def objects(store: WeaviateStore) -> int:
    """How many passages there are on the server, counting or not."""
    part = await store._found("default")
    total = await store._connection.ask(lambda client: part.passages(client).aggregate.over_all(total_count=True))
    return int(total.total_count)


async def versions(store: WeaviateStore, alpha: float) -> dict[str, set[str]]:
    """By document, the last word of each passage found."""
    hits = await store.search("fox", (await EMBEDDER.embed(["fox"]))[0], alpha=alpha, limit=100)
    by_document: dict[str, list[str]] = {}
    for hit in hits:
        by_document.setdefault(hit.passage.document_id, []).append(hit.passage.text.split()[-1])
    assert all(len(texts) == 3 for texts in by_document.values()), f"a document in parts: {by_document}"
    return {name: set(texts) for name, texts in by_document.items()}


async def whole(store: WeaviateStore) -> None:
    """Each document is of one version in every leg, in the listing and as text; nobody's other one is touched."""
    one, *others = [await versions(store, alpha) for alpha in (0.0, 0.5, 1.0)]
    assert others == [one, one]
    assert all(len(texts) == 1 for texts in one.values()), one
    assert one["still"] == {"old"}
    listed = {document.id: document.content_hash async for document in store.documents()}
    assert listed == {name: text for name, (text,) in one.items()}
    assert await store.count() == 3 * len(one)
    for name, text in listed.items():
        assert (await store.document(name)).text.endswith(text)


async def test_a_document_is_whole_wherever_its_write_is_stopped(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str, text: str) -> Any:
        return sample(name, *(f"fox {name} {part} {text}" for part in range(3)), content_hash=text)

    reader = make()
    await fill(reader, EMBEDDER, version("a", "old"), version("b", "old"), version("still", "old"))
    seen = set()
    for request in range(1, MORE_THAN_A_WRITE_TAKES):
        writer = make()
        stop_at(writer, request)
        try:
            await fill(writer, EMBEDDER, version("a", f"v{request}"), version("new", f"v{request}"))
        except Stopped:
            pass
        else:
            break
        finally:
            await writer.close()
        await whole(reader)
        seen |= (await versions(reader, 0.5))["a"]
        with monkeypatch.context() as patch:
            patch.setattr(Note, "dead", True)
            await reader.optimize()
        await whole(reader)
        assert await objects(reader) == await reader.count(), "recovered, nothing is left over"
        assert await reader.generation() == await reader.generation()
    else:
        pytest.fail("a write takes more requests than were tried")
    assert len(seen) > 2, "some writes were stopped after their heads"


async def test_a_write_that_was_stopped_is_not_taken_for_the_state_of_things(make: Make) -> None:
    store, writer = make(), make()
    await fill(store, EMBEDDER, sample("a", "fox"))
    stop_at(writer, 14)
    with pytest.raises(Stopped):
        await fill(writer, EMBEDDER, sample("a", "fox two"))
    assert await store.generation() != await store.generation(), "nothing read now can be kept"
    await fill(store, EMBEDDER, sample("a", "fox three"))
    assert await found(store, EMBEDDER, "three", alpha=0) == ["a"]
    assert await store.count() == 1


async def test_two_stores_that_write_one_document_at_once_leave_it_once(make: Make) -> None:
    one, other = make(), make()
    await fill(one, EMBEDDER, sample("a", "first"))
    for number in range(4):
        await asyncio.gather(
            fill(one, EMBEDDER, sample("a", f"fox {number}")),
            fill(other, EMBEDDER, sample("a", f"fox {number}", "wolf")),
        )
        listed = [(document.id, document.passages) async for document in one.documents()]
        assert len(listed) == 1 and await one.count() == listed[0][1]
        assert len(await found(one, EMBEDDER, "fox wolf", alpha=0)) == listed[0][1]
    await fill(one, EMBEDDER, sample("b", "bear"))
    assert await objects(one) == await one.count(), "who is done last clears up"


async def test_what_the_server_refuses_is_named_and_its_document_stays_as_it_was(make: Make) -> None:
    store = make()
    await fill(store, EMBEDDER, sample("a", "old fox"), sample("b", "old bear"))
    part = await store._found("default")

    async def narrow(client: Any) -> None:
        from weaviate.classes.config import DataType, Property

        # Somebody else's property of the name, of another kind: the server refuses the object that has a text there.
        await client.collections.use(part.space.passages).config.add_property(
            Property(name="s_colour", data_type=DataType.NUMBER)
        )

    await store._connection.tell(narrow)
    with pytest.raises(StoreError, match=r"1 of 2 objects were refused; the first, of document 'b'"):
        await fill(store, EMBEDDER, sample("a", "new fox"), sample("b", "new bear", meta={"colour": "red"}))
    assert await found(store, EMBEDDER, "old", alpha=0) == ["a", "b"]
    assert await found(store, EMBEDDER, "new", alpha=0) == []
    assert await objects(store) == 2


async def test_a_filter_by_order_sees_a_key_that_another_process_stored(make: Make) -> None:
    reader, writer = make(), make()
    await fill(writer, EMBEDDER, sample("a", "fox"))
    recent = Where(field="year", op="gt", value=2000)
    assert await found(reader, EMBEDDER, "fox", filters=recent) == []
    await fill(writer, EMBEDDER, sample("b", "fox", meta={"year": 2024}))
    assert await found(reader, EMBEDDER, "fox", filters=recent) == ["b"]


async def test_a_call_may_be_larger_than_one_write(make: Make) -> None:
    store = make(None)
    samples = [sample(f"d{n}", *(f"fox {n} {part}" for part in range(5))) for n in range(450)]
    await store.upsert(
        [document for document, _ in samples], [chunks for _, chunks in samples], [np.zeros((5, 0), np.float32)] * 450
    )
    assert await store.count() == 2250
    assert len([one async for one in store.documents()]) == 450
    assert await store.delete([f"d{n}" for n in range(450)]) == 450
    assert await store.count() == 0 and await objects(store) == 0
