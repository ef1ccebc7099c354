"""An embedder that remembers, over one that counts."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest

from citeward.contracts.retrieval import TokenEmbedder, TokenVectors, Vectors
from citeward.errors import InvalidInput, ModelUnavailable
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.embedding.remembered import FEW, LONGEST, RememberedEmbedder
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.embedder import EMBEDDER_CHECKS


class Counting:
    """Counts how often each text is embedded; a token is a word."""

    def __init__(self) -> None:
        self.inner = HashEmbedder()
        self.times: Counter[str] = Counter()
        self.gate: asyncio.Event | None = None
        """Where set, nothing is embedded before it is."""
        self.fails = 0
        """Calls that fail from now on."""

    name = "counting"

    @property
    def dimensions(self) -> int:
        return self.inner.dimensions

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        return (await self.embed_both(texts))[0]

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        return (await self.embed_both(texts))[1]

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        self.times.update(texts)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            self.fails -= 1
            raise ModelUnavailable("no model", hint="Wait.")
        tokens = [
            TokenVectors(vectors=await self.inner.embed(text.split()), offsets=tuple((0, 1) for _ in text.split()))
            for text in texts
        ]
        return await self.inner.embed(texts), tokens


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
async def test_it_is_an_embedder(check: Callable[[TokenEmbedder], Awaitable[None]], embedder: MiniLM) -> None:
    await check(RememberedEmbedder(embedder))


async def test_a_text_is_embedded_once_for_vectors_and_tokens_alike(counting: Counting) -> None:
    remembered = RememberedEmbedder(counting)
    (first,) = await remembered.embed(["red fox"], queries=True)
    (tokens,) = await remembered.embed_tokens(["red fox"])
    both, _ = await remembered.embed_both(["red fox", "grey wolf", "red fox"])
    np.testing.assert_array_equal(both[0], first)
    np.testing.assert_array_equal(both[2], first)
    assert tokens.vectors.shape == (2, counting.dimensions)
    assert counting.times == {"red fox": 1, "grey wolf": 1}


async def test_what_one_does_to_its_vectors_another_does_not_see(counting: Counting) -> None:
    remembered = RememberedEmbedder(counting)
    rows = await remembered.embed(["red fox"])
    before = rows.copy()
    rows[:] = 0
    np.testing.assert_array_equal(await remembered.embed(["red fox"]), before)
    (tokens,) = await remembered.embed_tokens(["red fox"])
    with pytest.raises(ValueError, match="read-only"):
        tokens.vectors[:] = 0


async def test_the_longest_unused_are_forgotten(counting: Counting) -> None:
    remembered = RememberedEmbedder(counting, keep=6)
    for text in ("red fox", "grey wolf", "red fox", "white hare", "red fox", "grey wolf"):
        await remembered.embed([text])
    assert counting.times == {"red fox": 1, "grey wolf": 2, "white hare": 1}


async def test_documents_pass_through(counting: Counting) -> None:
    remembered = RememberedEmbedder(counting)
    many, long = [f"text {n}" for n in range(FEW + 1)], ["word " * LONGEST]
    for _ in range(2):
        await remembered.embed(many)
        await remembered.embed_both(many)
        await remembered.embed_tokens(long)
    assert set(counting.times.values()) == {4, 2}


async def test_many_who_ask_at_once_wait_for_one(counting: Counting) -> None:
    counting.gate = asyncio.Event()
    remembered = RememberedEmbedder(counting)
    asking = [asyncio.ensure_future(remembered.embed(["red fox", f"fox {n % 3}"])) for n in range(20)]
    await asyncio.sleep(0)
    counting.gate.set()
    rows = await asyncio.gather(*asking)
    assert set(counting.times.values()) == {1}
    for n, row in enumerate(rows):
        np.testing.assert_array_equal(row, rows[n % 3])


async def test_where_the_one_fails_the_others_go_on_by_themselves(counting: Counting) -> None:
    counting.gate, counting.fails = asyncio.Event(), 1
    remembered = RememberedEmbedder(counting)
    asking = [asyncio.ensure_future(remembered.embed(["red fox"])) for _ in range(5)]
    await asyncio.sleep(0)
    counting.gate.set()
    failed, *rest = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(failed, ModelUnavailable)
    assert not any(isinstance(one, BaseException) for one in rest)
    assert counting.times == {"red fox": 2}


async def test_one_who_is_cancelled_takes_nobody_with_it(counting: Counting) -> None:
    for place in range(3):
        counting.times.clear()
        counting.gate = asyncio.Event()
        remembered = RememberedEmbedder(counting)
        asking = [asyncio.ensure_future(remembered.embed(["red fox"])) for _ in range(3)]
        await asyncio.sleep(0)
        asking[place].cancel()
        await asyncio.sleep(0)
        counting.gate.set()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [isinstance(one, asyncio.CancelledError) for one in ended] == [n == place for n in range(3)]
        assert counting.times["red fox"] == (2 if place == 0 else 1)


def test_threads_with_loops_of_their_own_may_share_one(counting: Counting) -> None:
    remembered = RememberedEmbedder(counting)
    texts = [f"fox {n}" for n in range(40)]
    found: list[Vectors] = []
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()

        async def all_of_them() -> Vectors:
            return np.concatenate([await remembered.embed([text]) for text in texts])

        found.append(asyncio.run(all_of_them()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for rows in found:
        np.testing.assert_array_equal(rows, found[0])
    assert counting.times == dict.fromkeys(texts, 1)


async def test_a_bare_text_is_refused(embedder: MiniLM) -> None:
    with pytest.raises(InvalidInput):
        await RememberedEmbedder(embedder).embed("bare")
