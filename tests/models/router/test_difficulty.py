from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from citeward.contracts.retrieval import Vectors
from citeward.contracts.routing import Features
from citeward.errors import ModelUnavailable, SettingsError
from citeward.models.router.difficulty import HeuristicScorer, LearnedScorer, thumb
from citeward.models.router.fit import cross_validate, fit
from citeward.models.router.fitted import Fitted
from citeward.testing.embedding import HashEmbedder

HARD = "Divide 733 by 21 and explain why number 5 is left over."


class Counting(HashEmbedder):
    """Counts its calls."""

    calls = 0

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        self.calls += 1
        return await super().embed(texts, queries=queries)


class Broken(HashEmbedder):
    """Fails at every call."""

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        raise ModelUnavailable("gone", hint="wait")


@pytest.fixture(scope="module")
def fitted(make_outcomes: Any) -> Fitted:
    outcomes = make_outcomes()
    return fit(outcomes, cross_validate(outcomes), share=0.4)


async def test_the_vector_of_the_search_is_used_and_nothing_embedded_again(fitted: Fitted) -> None:
    embedder = Counting()
    vector = (await embedder.embed([HARD], queries=True))[0]
    given = await LearnedScorer(fitted, embedder).judge(Features(question=HARD, vector=vector, space="hash"))
    assert embedder.calls == 1
    made = await LearnedScorer(fitted, embedder).judge(Features(question=HARD))
    assert embedder.calls == 2
    assert given == made
    assert set(given.scores) == {"small", "large", "gain"}


async def test_a_vector_of_another_space_is_not_taken(fitted: Fitted) -> None:
    embedder = Counting()
    wrong = np.ones(64, np.float32) / 8
    found = await LearnedScorer(fitted, embedder).judge(Features(question=HARD, vector=wrong, space="other"))
    assert found == await LearnedScorer(fitted, embedder).judge(Features(question=HARD))


async def test_where_the_embedder_fails_rules_of_thumb_judge(fitted: Fitted) -> None:
    found = await LearnedScorer(fitted, Broken()).judge(Features(question=HARD))
    assert found.value == thumb(HARD)
    assert "model_unavailable" in found.reason


@pytest.mark.parametrize("embedder", [None, HashEmbedder(name="other")])
def test_a_fit_for_another_embedder_is_refused(fitted: Fitted, embedder: HashEmbedder | None) -> None:
    with pytest.raises(SettingsError, match="'hash'"):
        LearnedScorer(fitted, embedder)


async def test_rules_of_thumb_find_a_longer_reasoning_question_harder() -> None:
    judge = HeuristicScorer().judge
    easy = await judge(Features(question="What is the capital of France?"))
    hard = await judge(
        Features(
            question="Explain why the train that leaves at 9:30 with 120 people, half of whom get off after 3 stops, "
            "is later than the one that left 20 minutes before it, and compare both if the first stops twice as often."
        )
    )
    assert easy.value < 0.1 < 0.5 < hard.value
