"""What every Reranker must hold to.

    @pytest.mark.parametrize("check", RERANKER_CHECKS, ids=lambda check: check.__name__)
    async def test_my_reranker_is_a_reranker(check):
        await check(MyReranker())

Each raises AssertionError saying what was wrong. `PASSAGES` are what the checks rank, for a reranker that has to know
its passages beforehand; how well they are ranked is no matter of the contract.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from citeward.contracts.retrieval import Passage, Reranker
from citeward.errors import InvalidInput

RerankerCheck: TypeAlias = Callable[[Reranker], Awaitable[None]]

QUERY = "When does the harbour master open the port?"
_TEXTS = (
    "The harbour master opens the port at seven.",
    "A black cat sleeps under the mat.",
    "def mean(values): return sum(values) / len(values)",
    "The port of Lund has a harbour master, two cranes and a clock.",
    "Die Rechnung über 1.249,50 € ist fällig.",
    "The key is in the third drawer, behind the letters.",
)
_ODD = ("", "   ", "\x00", "lone surrogate \ud83d here", "日本語 ünïcödé 👩‍👩‍👧", "a" * 5_000, "many words " * 3_000)


def _passage(at: int, text: str) -> Passage:
    return Passage(
        id=f"doc#{at}",
        document_id="doc",
        text=text,
        start=at * 100,
        end=at * 100 + len(text),
        source="doc.md",
        title="Ports",
        score=1.0 - at / 100,
        meta={"at": at},
    )


PASSAGES: tuple[Passage, ...] = tuple(_passage(at, text) for at, text in enumerate(_TEXTS))
"""Ordinary passages of one document, best first as a search may have found them."""
ODD_PASSAGES: tuple[Passage, ...] = tuple(_passage(100 + at, text) for at, text in enumerate(_ODD))
"""Passages that break tokenizers, or that servers refuse."""


async def at_most_limit_passages_come_back(reranker: Reranker) -> None:
    """As many as were asked for, or as there are."""
    for limit in (1, 3, len(PASSAGES), 1000):
        ranked = await reranker.rerank(QUERY, PASSAGES, limit=limit)
        assert len(ranked) == min(limit, len(PASSAGES)), f"{len(ranked)} passages at limit {limit}"


async def what_comes_back_was_given(reranker: Reranker) -> None:
    """Each passage once, and nothing of it changed but its score."""
    given = {passage.id: passage for passage in PASSAGES}
    ranked = await reranker.rerank(QUERY, PASSAGES, limit=4)
    assert len({passage.id for passage in ranked}) == len(ranked), "a passage came twice"
    for passage in ranked:
        assert replace(passage, score=0.0) == replace(given[passage.id], score=0.0), f"{passage.id} was altered"
    assert [passage.score for passage in PASSAGES] == [1.0 - at / 100 for at in range(len(PASSAGES))]


async def scores_put_the_best_first(reranker: Reranker) -> None:
    """Finite numbers, from the highest down; the search's own are replaced."""
    ranked = await reranker.rerank(QUERY, PASSAGES, limit=len(PASSAGES))
    scores = [passage.score for passage in ranked]
    assert all(type(score) is float and math.isfinite(score) for score in scores), f"{scores}"
    assert scores == sorted(scores, reverse=True), f"out of order: {scores}"
    assert sorted(scores) != sorted(passage.score for passage in PASSAGES), "the search's scores are still there"


async def a_limit_keeps_the_best(reranker: Reranker) -> None:
    """A smaller limit is the beginning of a larger one."""
    whole = await reranker.rerank(QUERY, PASSAGES, limit=len(PASSAGES))
    some = await reranker.rerank(QUERY, PASSAGES, limit=2)
    _alike(some, whole[:2])


async def no_passages_give_none(reranker: Reranker) -> None:
    """Whatever was asked."""
    assert await reranker.rerank(QUERY, [], limit=5) == []
    assert await reranker.rerank("", [], limit=1) == []


async def a_limit_below_one_is_refused(reranker: Reranker) -> None:
    """With InvalidInput."""
    for limit in (0, -1):
        try:
            await reranker.rerank(QUERY, PASSAGES, limit=limit)
        except InvalidInput:
            continue
        raise AssertionError(f"limit {limit}: InvalidInput was due")


async def any_text_is_ranked(reranker: Reranker) -> None:
    """Empty, blank, broken and long ones; as passages and as the question."""
    mixed = [*ODD_PASSAGES, *PASSAGES[:2]]
    ranked = await reranker.rerank(QUERY, mixed, limit=len(mixed))
    assert sorted(passage.id for passage in ranked) == sorted(passage.id for passage in mixed)
    for passage in ODD_PASSAGES:
        assert len(await reranker.rerank(passage.text, PASSAGES, limit=2)) == 2, f"asked {passage.text[:20]!r}"


async def many_may_rank_at_once(reranker: Reranker) -> None:
    """And each gets its own ranking."""
    orders = [PASSAGES[at:] + PASSAGES[:at] for at in range(len(PASSAGES))]
    alone = [await reranker.rerank(passages[0].text, passages, limit=3) for passages in orders]
    together = await asyncio.gather(*(reranker.rerank(one[0].text, one, limit=3) for one in orders))
    for one, other in zip(alone, together, strict=True):
        _alike(one, other)


RERANKER_CHECKS: tuple[RerankerCheck, ...] = (
    at_most_limit_passages_come_back,
    what_comes_back_was_given,
    scores_put_the_best_first,
    a_limit_keeps_the_best,
    no_passages_give_none,
    a_limit_below_one_is_refused,
    any_text_is_ranked,
    many_may_rank_at_once,
)
"""Every check."""


def _alike(some: Sequence[Passage], others: Sequence[Passage]) -> None:
    """The scores agree; where two are equal to within the model's noise, their passages may change places."""
    for one, other in zip(some, others, strict=True):
        assert math.isclose(one.score, other.score, rel_tol=1e-3, abs_tol=1e-3), f"{one} is not {other}"
