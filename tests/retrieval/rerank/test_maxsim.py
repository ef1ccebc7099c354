from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Passage, Reranker, TokenEmbedder, TokenVectors, Vectors
from citeward.errors import InvalidInput, StoreUnavailable
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.place import placed
from citeward.retrieval.rerank.maxsim import BATCH, MaxSimReranker, closeness
from citeward.retrieval.rerank.packing import TokenVectorPacker
from citeward.testing.logs import captured_logs

TEXTS = (
    "The harbour was dug in 1804 by two hundred men.",
    "Ships enter the harbour at high tide only.",
    "The server listens on port 8080 unless another is named.",
    "Bread is baked at four in the morning.",
)


@dataclass
class Counted:
    """MiniLM that remembers which texts it was asked for."""

    inner: MiniLM
    asked: list[list[str]] = field(default_factory=list)
    name: str = "counted"
    dimensions: int = 384

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        return await self.inner.embed(texts, queries=queries)

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        self.asked.append(list(texts))
        return await self.inner.embed_tokens(texts)

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        return await self.inner.embed_both(texts)


@dataclass
class Shelf:
    """Packed token vectors by tenant and passage id."""

    kept: dict[str, dict[str, bytes]] = field(default_factory=dict)

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> Mapping[str, bytes]:
        kept = self.kept.get(tenant, {})
        return {key: kept[key] for key in passage_ids if key in kept}


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture
def embedder(minilm: MiniLM) -> Iterator[Counted]:
    yield Counted(inner=minilm)


def _passages(texts: Sequence[str] = TEXTS, *, title: str = "") -> list[Passage]:
    return [
        Passage(id=f"d#{n}", document_id="d", text=text, start=0, end=len(text), source="d.md", title=title)
        for n, text in enumerate(texts)
    ]


async def _packed(embedder: TokenEmbedder, passages: Sequence[Passage]) -> dict[str, bytes]:
    texts = [placed(p.text, title=p.title, meta=p.meta) for p in passages]
    packer = TokenVectorPacker()
    tokens = await embedder.embed_tokens(texts)
    return {p.id: packer.pack(one, text) for p, one, text in zip(passages, tokens, texts, strict=True)}


async def test_the_passage_that_says_what_was_asked_comes_first(embedder: Counted) -> None:
    reranker: Reranker = MaxSimReranker(embedder)
    for query, best in (("When was the harbour dug?", 0), ("Which port does the server use?", 2), ("baking bread", 3)):
        ranked = await reranker.rerank(query, list(reversed(_passages())), limit=4)
        assert ranked[0].id == f"d#{best}"
        assert [p.score for p in ranked] == sorted((p.score for p in ranked), reverse=True)
        assert all(0 <= p.score <= 1 for p in ranked)


async def test_only_the_score_is_changed_and_the_limit_holds(embedder: Counted) -> None:
    passages = _passages()
    ranked = await MaxSimReranker(embedder).rerank("harbour", passages, limit=2)
    assert len(ranked) == 2
    by_id = {p.id: p for p in passages}
    assert all(replace(p, score=0.0) == by_id[p.id] for p in ranked)


async def test_the_order_of_the_search_decides_between_passages_that_say_the_same(embedder: Counted) -> None:
    same = [replace(p, id=f"s#{n}", score=1 - n / 10) for n, p in enumerate(_passages([TEXTS[0]] * 3))]
    ranked = await MaxSimReranker(embedder).rerank("When was the harbour dug?", same, limit=3)
    assert [p.id for p in ranked] == ["s#0", "s#1", "s#2"]


async def test_stored_vectors_are_used_and_give_about_the_score_of_computed_ones(embedder: Counted) -> None:
    passages = _passages(title="Guide")
    shelf = Shelf({"acme": await _packed(embedder, passages)})
    embedder.asked.clear()
    query = "When was the harbour dug?"
    stored = await MaxSimReranker(embedder, stored=shelf).rerank(query, passages, limit=4, tenant="acme")
    assert embedder.asked == [[query]]
    computed = await MaxSimReranker(embedder).rerank(query, passages, limit=4)
    assert stored[0].id == computed[0].id == "d#0"
    by_id = {p.id: p.score for p in computed}
    assert all(abs(p.score - by_id[p.id]) < 0.1 for p in stored)


async def test_another_tenants_vectors_are_not_used(embedder: Counted) -> None:
    passages = _passages()
    shelf = Shelf({"acme": await _packed(embedder, passages)})
    embedder.asked.clear()
    await MaxSimReranker(embedder, stored=shelf).rerank("harbour", passages, limit=4, tenant="other")
    assert sorted(text for texts in embedder.asked for text in texts) == sorted(["harbour", *TEXTS])


async def test_passages_without_readable_vectors_are_computed_and_the_log_says_how_many(embedder: Counted) -> None:
    passages = _passages()
    kept = await _packed(embedder, passages)
    kept["d#1"] = kept["d#1"][:-1]
    narrow = TokenVectors(vectors=np.ones((1, 1), np.float32), offsets=((0, 1),))
    kept["d#2"] = TokenVectorPacker().pack(narrow)
    del kept["d#3"]
    embedder.asked.clear()
    with captured_logs() as logs:
        ranked = await MaxSimReranker(embedder, stored=Shelf({"default": kept})).rerank("bread", passages, limit=4)
    assert len(ranked) == 4
    assert ranked[0].id == "d#3"
    assert embedder.asked == [["bread"], [TEXTS[1], TEXTS[2], TEXTS[3]]]
    assert [(log["event"], log["passages"]) for log in logs] == [("rerank.unreadable_tokens", 2)]


async def test_few_passages_are_embedded_at_a_time(embedder: Counted) -> None:
    passages = _passages([f"Passage {n} of many." for n in range(2 * BATCH + 1)])
    await MaxSimReranker(embedder).rerank("many", passages, limit=5)
    assert [len(texts) for texts in embedder.asked] == [1, BATCH, BATCH, 1]


async def test_a_passage_is_embedded_with_its_headings_as_it_was_indexed(embedder: Counted) -> None:
    meta = {"headings": "Guide > Ports"}
    (passage,) = _passages(["Use 8080."], title="Guide")
    await MaxSimReranker(embedder).rerank("port", [replace(passage, meta=meta)], limit=1)
    assert embedder.asked[-1] == ["Guide > Ports\nUse 8080."]


@pytest.mark.parametrize("query", ["", "the of and", "???", "\ud800", "x" * 5000])
async def test_any_query_keeps_every_passage(embedder: Counted, query: str) -> None:
    passages = [replace(p, score=1 - n / 10) for n, p in enumerate(_passages([*TEXTS, "", "…"]))]
    ranked = await MaxSimReranker(embedder).rerank(query, passages, limit=10)
    assert sorted(p.id for p in ranked) == [p.id for p in passages]
    if not query:
        assert ranked == sorted(ranked, key=lambda p: p.id)


async def test_nothing_gives_nothing_and_a_limit_below_one_is_refused(embedder: Counted) -> None:
    assert await MaxSimReranker(embedder).rerank("q", [], limit=5) == []
    with pytest.raises(InvalidInput, match="limit of 0"):
        await MaxSimReranker(embedder).rerank("q", _passages(), limit=0)


async def test_a_store_that_fails_fails_the_reranker(embedder: Counted) -> None:
    class Down:
        async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> Mapping[str, bytes]:
            raise StoreUnavailable("the store does not answer", hint="Start it.")

    with pytest.raises(StoreUnavailable):
        await MaxSimReranker(embedder, stored=Down()).rerank("q", _passages(), limit=5)


@given(seed=st.integers(0, 1000), asked=st.integers(0, 6), said=st.integers(0, 6))
def test_closeness_lies_between_0_and_1_and_is_1_where_every_word_is_said(seed: int, asked: int, said: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((asked + said, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert 0 <= closeness(rows[:asked], rows[asked:]) <= 1
    assert closeness(rows[:asked], rows) == pytest.approx(1.0 if asked else 0.0, abs=1e-5)
