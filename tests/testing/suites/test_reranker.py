from collections.abc import Sequence
from dataclasses import replace

import pytest

from citeward.contracts.retrieval import Passage
from citeward.errors import InvalidInput
from citeward.testing.suites.reranker import RERANKER_CHECKS, RerankerCheck


class ByLength:
    """A reranker that follows the contract, if not sense."""

    name = "test"

    async def rerank(
        self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"
    ) -> list[Passage]:
        if limit < 1:
            raise InvalidInput(f"limit {limit!r}", hint="Give 1 or more.")
        scored = [replace(passage, score=float(len(passage.text))) for passage in passages]
        return sorted(scored, key=lambda passage: -passage.score)[:limit]


class Keeps(ByLength):
    name = "test"

    async def rerank(self, query, passages, /, *, limit, tenant="default"):
        return list(passages[:limit])


class Spills(ByLength):
    name = "test"

    async def rerank(self, query, passages, /, *, limit, tenant="default"):
        return await super().rerank(query, passages, limit=1000)


class Reverses(ByLength):
    name = "test"

    async def rerank(self, query, passages, /, *, limit, tenant="default"):
        return (await super().rerank(query, passages, limit=limit))[::-1]


class Trims(ByLength):
    name = "test"

    async def rerank(self, query, passages, /, *, limit, tenant="default"):
        ranked = await super().rerank(query, passages, limit=limit)
        return [replace(passage, text=passage.text[:20]) for passage in ranked]


class Fails(ByLength):
    name = "test"

    async def rerank(self, query, passages, /, *, limit, tenant="default"):
        assert all(passage.text.strip() for passage in passages), "a blank passage"
        return await super().rerank(query, passages, limit=limit)


@pytest.mark.parametrize("check", RERANKER_CHECKS, ids=lambda check: check.__name__)
async def test_a_reranker_that_keeps_its_contract_passes(check: RerankerCheck) -> None:
    await check(ByLength())


@pytest.mark.parametrize(
    ("reranker", "check", "words"),
    [
        (Spills(), "at_most_limit_passages_come_back", "6 passages at limit 1"),
        (Trims(), "what_comes_back_was_given", "was altered"),
        (Reverses(), "scores_put_the_best_first", "out of order"),
        (Keeps(), "scores_put_the_best_first", "still there"),
        (Keeps(), "a_limit_below_one_is_refused", "was due"),
        (Fails(), "any_text_is_ranked", "blank"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_reranker_that_breaks_its_contract_is_caught(reranker: ByLength, check: str, words: str) -> None:
    (wanted,) = [one for one in RERANKER_CHECKS if one.__name__ == check]
    with pytest.raises(AssertionError, match=words):
        await wanted(reranker)
