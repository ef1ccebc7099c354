"""What a store that can be filled anew, beside the live one, must hold to.

Each check opens instances of one store through a function of yours, which gives them in the ordinary way or beside:

    @pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
    async def test_my_store_changes_its_embedder(check, tmp_path):
        await check(lambda embedder, beside: MyStore(tmp_path, embedder, beside=beside))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from citeward.contracts.retrieval import Embedder, Reindexable, Vector
from citeward.errors import CitewardError, SettingsError
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever_samples import fill, found, raises, sample

Open: TypeAlias = Callable[[Embedder | None, bool], Reindexable]
"""Opens an instance of the same store with an embedder (None: by keyword only), beside the live space or not."""
SpaceCheck: TypeAlias = Callable[[Open], Awaitable[None]]

OLD = HashEmbedder(name="old", dimensions=32)
NEW = HashEmbedder(name="new", dimensions=48)


async def another_embedder_is_refused(open_: Open) -> None:
    """With the way out in the error; nothing is searched or written."""
    await _filled(open_)
    other = open_(NEW, False)
    with raises(SettingsError, "a search with another embedder"):
        await other.search("fox", await _vector(NEW))
    try:
        await fill(other, NEW, sample("b", "grey wolf"))
    except SettingsError as error:
        assert "citeward reindex" in str(error), f"the way out is not in {error}"
    else:
        raise AssertionError("another embedder's vectors were written")
    assert await open_(OLD, False).count() == 1


async def without_an_embedder_what_is_current_can_be_read(open_: Open) -> None:
    """By keyword, flagged where a vector was asked for; and listed, whichever embedder filled it."""
    await _filled(open_)
    reader = open_(None, False)
    (hit,) = await reader.search("fox", None, alpha=0.5)
    assert hit.degraded and hit.passage.document_id == "a"
    assert [one.id async for one in reader.documents()] == ["a"]
    assert (await reader.document("a")).text == "red fox"


async def a_space_beside_is_apart(open_: Open) -> None:
    """What is written there is not found in the live one, and the other way round; tenants are its own."""
    live = await _filled(open_)
    beside = open_(NEW, True)
    assert await beside.count() == 0 and await beside.tenants() == []
    await fill(beside, NEW, sample("b", "grey wolf"), sample("c", "white hare"))
    assert await beside.count() == 2
    assert await found(beside, NEW, "wolf", limit=1) == ["b"]
    assert await live.count() == 1 and await found(live, OLD, "wolf", alpha=0) == []
    await fill(live, OLD, sample("d", "brown bear"))
    assert await live.count() == 2, "the live space may be written meanwhile"
    assert await found(beside, NEW, "bear", alpha=0) == []


async def what_was_put_beside_is_there_again(open_: Open) -> None:
    """A filling that was stopped goes on where it was."""
    await _filled(open_)
    first = open_(NEW, True)
    await fill(first, NEW, sample("b", "grey wolf", content_hash="1"))
    await first.close()
    again = open_(NEW, True)
    assert {one.id: one.content_hash async for one in again.documents()} == {"b": "1"}


async def promote_makes_it_current(open_: Open) -> None:
    """For everybody who opens the store from then on; the old embedder is now the one that is refused."""
    await _filled(open_)
    beside = open_(NEW, True)
    await fill(beside, NEW, sample("b", "grey wolf"))
    await beside.promote()
    await beside.promote()
    assert await found(beside, NEW, "wolf") == ["b"], "the instance itself goes on"
    fresh = open_(NEW, False)
    assert await found(fresh, NEW, "wolf") == ["b"]
    await fill(fresh, NEW, sample("c", "white hare"))
    assert await fresh.count() == 2
    with raises(SettingsError, "the embedder of the space before"):
        await open_(OLD, False).search("fox", await _vector(OLD))


async def who_was_there_before_goes_on_reading(open_: Open) -> None:
    """Until the old space is retired; its writes are refused from the swap on, so that none is lost."""
    live = await _filled(open_)
    beside = open_(NEW, True)
    await fill(beside, NEW, sample("b", "grey wolf"))
    await beside.promote()
    assert await found(live, OLD, "fox") == ["a"], "an old instance reads on"
    with raises(SettingsError, "a write into a space that is no longer current"):
        await fill(live, OLD, sample("z", "too late"))
    with raises(SettingsError, "a deletion from a space that is no longer current"):
        await live.delete(["a"])


async def retire_deletes_what_is_not_current(open_: Open) -> None:
    """And says whose it was; readers of the old space get an error of ours, never old rows."""
    live = await _filled(open_)
    beside = open_(NEW, True)
    await fill(beside, NEW, sample("b", "grey wolf"))
    await beside.promote()
    assert await beside.retire() == ["old"]
    assert await beside.retire() == []
    assert await found(open_(NEW, False), NEW, "wolf") == ["b"]
    with raises(CitewardError, "a search in a space that was retired"):
        await live.search("fox", await _vector(OLD))


async def retire_deletes_a_space_that_was_given_up(open_: Open) -> None:
    """A filling beside that was never promoted is deleted as well."""
    live = await _filled(open_)
    given_up = open_(NEW, True)
    await fill(given_up, NEW, sample("b", "grey wolf"))
    assert await live.retire() == ["new"]
    assert await found(live, OLD, "fox") == ["a"]


async def an_empty_store_can_be_filled_beside(open_: Open) -> None:
    """Where nothing is current yet, promote makes it the first."""
    beside = open_(NEW, True)
    await fill(beside, NEW, sample("b", "grey wolf"))
    await beside.promote()
    assert await found(open_(NEW, False), NEW, "wolf") == ["b"]


async def _filled(open_: Open) -> Reindexable:
    live = open_(OLD, False)
    await fill(live, OLD, sample("a", "red fox"))
    return live


async def _vector(embedder: Embedder) -> Vector:
    vector: Vector = (await embedder.embed(["fox"], queries=True))[0]
    return vector


SPACE_CHECKS: tuple[SpaceCheck, ...] = (
    another_embedder_is_refused,
    without_an_embedder_what_is_current_can_be_read,
    a_space_beside_is_apart,
    what_was_put_beside_is_there_again,
    promote_makes_it_current,
    who_was_there_before_goes_on_reading,
    retire_deletes_what_is_not_current,
    retire_deletes_a_space_that_was_given_up,
    an_empty_store_can_be_filled_beside,
)
"""Every check; each wants a store of its own, still empty."""
