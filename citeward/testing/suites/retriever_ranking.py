"""How two legs become one list: the contract's fusion, spelled out once more and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from citeward.contracts.retrieval import Embedder, Fusion, Hit, Store
from citeward.testing.suites.retriever_samples import fill, found, sample

TOLERANCE = 1e-5
"""Engines give scores in 32 bits."""


async def scores_are_fused_as_agreed(store: Store, embedder: Embedder) -> None:
    """Relative scores lie in 0..1, the order is the scores', and the same search gives the same list."""
    texts = ["red fox", "red fox red", "brown fox", "a fox of another colour entirely", "grey wolf", "white hare"]
    await fill(store, embedder, *(sample(f"{n}", text) for n, text in enumerate(texts)))
    vector = (await embedder.embed(["red fox"]))[0]
    for fusion in Fusion:
        for alpha in (0.0, 0.3, 0.5, 1.0):
            hits = await store.search("red fox", vector, alpha=alpha, fusion=fusion)
            scores = [hit.score for hit in hits]
            assert scores == sorted(scores, reverse=True), f"{fusion} at {alpha} is out of order"
            assert all(0 <= score <= 1 for score in scores), f"{fusion} at {alpha}: {scores}"
            again = await store.search("red fox", vector, alpha=alpha, fusion=fusion)
            assert again == hits, f"{fusion} at {alpha}: two searches differ"
            assert [
                h.passage.id for h in await store.search("red fox", vector, alpha=alpha, fusion=fusion, limit=2)
            ] == [h.passage.id for h in hits[:2]], "a smaller limit is the head of the same list"
    (best, *_) = await store.search("wolf", (await embedder.embed(["wolf"]))[0])
    assert best.passage.text == "grey wolf" and best.score == 1.0, "first in both legs"


async def fusion_is_what_the_legs_say(store: Store, embedder: Embedder) -> None:
    """The fused scores follow from the raw scores of each leg searched alone."""
    words = ("red", "fox", "grey", "wolf", "river", "stone")
    texts = [" ".join(words[(n * k) % 6] for k in range(1, 2 + n % 5)) + f" tail{n}" for n in range(40)]
    await fill(store, embedder, *(sample(f"{n:02}", text) for n, text in enumerate(texts)))
    query = "red wolf stone"
    vector = (await embedder.embed([query], queries=True))[0]
    keyword = {hit.passage.id: hit.score for hit in await _raw(store, query, vector, 0.0)}
    semantic = {hit.passage.id: hit.score for hit in await _raw(store, query, vector, 1.0)}
    for fusion in Fusion:
        for alpha in (0.2, 0.5, 0.8):
            expected = _fused(keyword, semantic, alpha, fusion)
            for hit in await store.search(query, vector, alpha=alpha, fusion=fusion, limit=40):
                due = expected[hit.passage.id]
                assert abs(hit.score - due) < TOLERANCE, f"{fusion} at {alpha}: {hit.score}, not {due}"


async def one_hit_or_a_flat_leg_gets_the_full_weight(store: Store, embedder: Embedder) -> None:
    """Relative scores: where a leg cannot tell its hits apart, each of them has all of the leg's weight."""
    await fill(store, embedder, sample("a", "grey wolf"), sample("b", "grey wolf"), sample("c", "red fox at home"))
    vector = (await embedder.embed(["fox"], queries=True))[0]
    scores = {hit.passage.document_id: hit for hit in await store.search("fox", vector, alpha=0.3)}
    assert abs(scores["c"].score - 1.0) < TOLERANCE, "the only keyword hit, and the nearest"
    assert scores["a"].keyword_score is None and scores["a"].score <= 0.3 + TOLERANCE, "a leg that missed it gives 0"
    flat = await store.search("wolf", (await embedder.embed(["wolf"], queries=True))[0], alpha=0.0)
    assert [round(hit.score, 5) for hit in flat] == [1.0, 1.0], "two equal hits of the only leg"


async def ties_are_broken_the_same_way_every_time(store: Store, embedder: Embedder) -> None:
    """Equal passages come in the order of their ids, whatever the order they were written in."""
    for name in ("d", "b", "e", "a", "c"):
        await fill(store, embedder, sample(name, "the same grey wolf"))
    for alpha in (0.0, 0.5, 1.0):
        for limit in (5, 3):
            assert await found(store, embedder, "wolf", alpha=alpha, limit=limit) == list("abcde")[:limit]


async def rare_words_and_short_passages_weigh_more(store: Store, embedder: Embedder) -> None:
    """As BM25 has it."""
    crowd = [sample(f"crowd{n}", "common words of a common kind in passages") for n in range(20)]
    await fill(
        store,
        embedder,
        *crowd,
        sample("rare", "zebra in passages"),
        sample("short", "common giraffe"),
        sample("long", "common giraffe " + "among many other animals that live there " * 6),
    )
    assert (await found(store, embedder, "common zebra", alpha=0))[0] == "rare"
    assert (await found(store, embedder, "giraffe", alpha=0))[:2] == ["short", "long"]


async def _raw(store: Store, query: str, vector: object, alpha: float) -> list[Hit]:
    """One leg alone, each hit's score replaced by the leg's raw one."""
    hits = await store.search(query, vector, alpha=alpha, limit=100)  # type: ignore[arg-type]
    raw = [hit.keyword_score if alpha == 0 else hit.vector_score for hit in hits]
    assert None not in raw, "each hit of a leg carries that leg's raw score"
    return [replace(hit, score=score) for hit, score in zip(hits, raw, strict=True) if score is not None]


def _fused(keyword: Mapping[str, float], vector: Mapping[str, float], alpha: float, fusion: Fusion) -> dict[str, float]:
    def scale(leg: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
        if fusion is Fusion.RANKED:
            order = sorted(leg, key=lambda key: (-leg[key], -other.get(key, float("-inf")), key))
            return {key: 1 / (60 + rank) for rank, key in enumerate(order, 1)}
        low, high = min(leg.values()), max(leg.values())
        return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in leg.items()}

    one, two = scale(keyword, vector), scale(vector, keyword)
    return {key: (1 - alpha) * one.get(key, 0) + alpha * two.get(key, 0) for key in {*one, *two}}
