from collections.abc import Callable

import numpy as np
import pytest

from citeward.errors import StoreCorrupt, StoreError, StoreReadOnly
from citeward.retrieval.weaviate import WeaviateStore
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import STORE_CHECKS, StoreCheck, fill, found, sample
from citeward.testing.suites.retriever_spaces import SPACE_CHECKS, SpaceCheck

Make = Callable[..., WeaviateStore]
EMBEDDER = HashEmbedder()


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
async def test_it_is_a_store(check: StoreCheck, make: Make) -> None:
    await check(make(), EMBEDDER)


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
async def test_it_can_be_filled_anew_beside(check: SpaceCheck, make: Make) -> None:
    await check(make)


async def test_a_read_only_store_reads_and_refuses_to_write(make: Make) -> None:
    await fill(make(), EMBEDDER, sample("a", "fox"))
    store = make(read_only=True)
    assert await found(store, EMBEDDER, "fox") == ["a"]
    writes = (fill(store, EMBEDDER, sample("b", "bear")), store.delete(["a"]), store.optimize(), store.drop())
    for write in (*writes, store.promote(), store.retire()):
        with pytest.raises(StoreReadOnly):
            await write


async def test_a_store_without_vectors_searches_by_keyword_and_says_so(make: Make) -> None:
    async with make(None) as store:
        document, chunks = sample("a", "red fox")
        await store.upsert([document], [chunks], [np.zeros((1, 0), np.float32)])
        (hit,) = await store.search("fox", None, alpha=0.5)
        assert hit.degraded and hit.score == 1.0
    assert (await make().search("fox", np.ones(64, np.float32)))[0].degraded


async def test_nothing_is_made_before_the_first_upsert(make: Make) -> None:
    store = make()
    assert await store.count() == 0 and await store.tenants() == []
    await store.optimize()
    await store.upsert([], [], [])
    assert await store._spaces.every() == []


async def test_drop_leaves_nothing_and_the_store_can_be_filled_again(make: Make) -> None:
    store = make()
    await fill(store, EMBEDDER, sample("a", "fox"))
    await store.drop()
    assert await store._spaces.every() == [] and await store.count() == 0
    await fill(store, EMBEDDER, sample("b", "fox"))
    assert await found(store, EMBEDDER, "fox") == ["b"]


async def test_checks_at_the_beginning_can_be_left_out(make: Make) -> None:
    store = make(skip_init_checks=True)
    await fill(store, EMBEDDER, sample("a", "fox"))
    assert await found(store, EMBEDDER, "fox") == ["a"]


@pytest.mark.parametrize(
    ("description", "error", "said"),
    [
        ('{"citeward": 2, "embedder": "hash", "dimensions": 64}', StoreError, "format 2"),
        ("somebody else's", StoreCorrupt, "does not say what it holds"),
    ],
)
async def test_collections_that_are_not_ours_are_left_alone(
    make: Make, description: str, error: type[StoreError], said: str
) -> None:
    store = make()
    await fill(store, EMBEDDER, sample("a", "fox"))
    space = store._spaces.wanted
    await store._connection.tell(
        lambda client: client.collections.use(space.passages).config.update(description=description)
    )
    with pytest.raises(error, match=said):
        await make().count()
    with pytest.raises(error, match=said):
        await fill(make(beside=True), EMBEDDER, sample("b", "bear"))
    ours = space.description
    await store._connection.tell(lambda client: client.collections.use(space.passages).config.update(description=ours))
    assert await found(make(), EMBEDDER, "fox") == ["a"]


async def test_collections_that_exist_already_are_taken_where_they_agree(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a creation whose answer was lost: the next attempt is told that they exist."""
    from weaviate.collections.collections.async_ import _CollectionsAsync

    await fill(make(), EMBEDDER, sample("a", "fox"))

    async def unknown(*_: object) -> bool:
        return False

    monkeypatch.setattr(_CollectionsAsync, "exists", unknown)
    store = make()
    await fill(store, EMBEDDER, sample("b", "fox"))
    assert sorted(await found(store, EMBEDDER, "fox")) == ["a", "b"]
    space = store._spaces.wanted
    await store._connection.tell(
        lambda client: client.collections.use(space.passages).config.update(description="somebody else's")
    )
    with pytest.raises(StoreCorrupt, match="does not say what it holds"):
        await fill(make(), EMBEDDER, sample("c", "fox"))


async def test_an_alias_that_exists_already_is_taken_where_it_points_to_the_same(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(make(), EMBEDDER, sample("a", "fox"))
    store = make()
    target, looks = store._spaces._target, iter([True])

    async def late() -> str | None:
        """Nothing at the first look, as before a creation whose answer was lost."""
        return None if next(looks, False) else await target()

    monkeypatch.setattr(store._spaces, "_target", late)
    await fill(store, EMBEDDER, sample("b", "fox"))
    assert sorted(await found(store, EMBEDDER, "fox")) == ["a", "b"]
