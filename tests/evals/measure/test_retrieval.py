from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Passage
from citeward.evals.measure.folder import filler
from citeward.evals.measure.retrieval import DEPTHS, MEASURES, judge, measure_retrieval
from citeward.ingest.chunk import Chunker

NAMES = [f"{measure}@{depth}" for measure in MEASURES for depth in DEPTHS]


def judged(ranking: Sequence[str], relevant: Sequence[str]) -> dict[str, float]:
    return dict(zip(NAMES, judge(ranking, relevant).tolist(), strict=True))


def test_measures_of_one_question_are_what_paper_and_pencil_give() -> None:
    found = judged(["a", "X", "b", "Y"], ["X", "Y", "Z"])
    assert found["precision@1"] == 0
    assert found["precision@3"] == pytest.approx(1 / 3)
    assert found["precision@5"] == pytest.approx(2 / 5)
    assert found["recall@3"] == pytest.approx(1 / 3)
    assert found["recall@20"] == pytest.approx(2 / 3)
    assert (found["mrr@1"], found["mrr@3"]) == (0, 0.5)
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert found["ndcg@5"] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / ideal)


def test_nothing_found_gives_zeros() -> None:
    assert not any(judged([], ["x"]).values())


@given(
    ranking=st.lists(st.sampled_from("abcdefgh"), unique=True),
    relevant=st.sets(st.sampled_from("abcdefgh"), min_size=1),
)
def test_every_measure_lies_between_0_and_1_and_a_perfect_ranking_gets_1(
    ranking: list[str], relevant: set[str]
) -> None:
    assert all(0 <= value <= 1 for value in judged(ranking, sorted(relevant)).values())
    perfect = judged(sorted(relevant), sorted(relevant))
    assert all(perfect[f"ndcg@{depth}"] == pytest.approx(1) == perfect[f"mrr@{depth}"] for depth in DEPTHS)


async def test_every_system_is_measured_at_every_depth(folder: Path, store, embedder) -> None:
    seen: list[tuple[int, int]] = []
    found = await measure_retrieval(
        folder, store=store, embedder=embedder, fill=filler(store, embedder), progress=lambda *at: seen.append(at)
    )
    for system in ("keyword", "vector", "hybrid"):
        assert {f"{system}.{name}" for name in NAMES} <= found.metrics.keys()
        assert {f"{system}.ms.p50", f"{system}.ms.p99"} <= found.metrics.keys()
    assert {"hybrid-keyword.recall@1", "hybrid-vector.mrr@10", "hybrid-keyword.ndcg@10"} <= found.metrics.keys()
    assert not any(name.startswith("rerank") for name in found.metrics)
    assert found.items == 4
    assert found.metrics["hybrid.recall@3"].value == 1
    assert found.settings["passages"] == 3
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_a_reranker_is_measured_on_top_of_hybrid_search(folder: Path, store, embedder) -> None:
    class Backwards:
        name = "test"

        async def rerank(
            self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"
        ) -> list[Passage]:
            return list(reversed(passages))[:limit]

    found = await measure_retrieval(
        folder, store=store, embedder=embedder, fill=filler(store, embedder), reranker=Backwards()
    )
    assert found.metrics["rerank.mrr@10"].value < found.metrics["hybrid.mrr@10"].value
    assert found.metrics["rerank-hybrid.mrr@10"].value < 0


async def test_a_document_counts_once_by_its_best_passage(folder: Path, store, embedder) -> None:
    cut = Chunker(max_tokens=10, min_tokens=1)
    found = await measure_retrieval(folder, store=store, embedder=embedder, fill=filler(store, embedder, cut))
    assert found.settings["passages"] == 6
    assert found.metrics["hybrid.recall@3"].value == 1
    assert found.metrics["hybrid.precision@20"].value == pytest.approx((3 * 1 + 2) / 4 / 20)


async def test_the_same_seed_gives_the_same_figures(folder: Path, store, embedder) -> None:
    first, second = [
        await measure_retrieval(
            folder,
            store=(own := replace(store, kept=[])),
            embedder=embedder,
            fill=filler(own, embedder),
            limit=3,
            seed=2,
        )
        for _ in range(2)
    ]
    assert first.items == 3
    assert {k: v for k, v in first.metrics.items() if ".ms." not in k} == {
        k: v for k, v in second.metrics.items() if ".ms." not in k
    }
