"""Another question that means the same gets the answer; one that only looks the same does not."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.cache.entry import Entries
from citeward.cache.exact import ExactCache
from citeward.cache.semantic import SemanticCache
from citeward.cache.threshold import threshold_for
from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope
from citeward.contracts.retrieval import Vectors
from citeward.errors import InvalidInput, ModelUnavailable
from citeward.retrieval.embedding.minilm import MiniLM

SCOPE = Scope(tenant="t", agent="a", version="1")
ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)


class Alike:
    """Every question has the same vector: nothing but the checks keeps two apart."""

    name = "alike"
    dimensions = 4

    def __init__(self) -> None:
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        assert queries
        self.embedded += texts
        return np.tile(np.array([1, 0, 0, 0], np.float32), (len(texts), 1))


class Broken(Alike):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        raise ModelUnavailable("no model", hint="Get one.")


async def test_a_question_that_means_the_same_is_a_hit_and_says_how_it_was_found(entries: Entries) -> None:
    cache = SemanticCache(entries, Alike(), threshold=0.9)
    await cache.put("How do I reset my password?", ANSWER, SCOPE)
    assert await cache.get("how do i reset my password", SCOPE) == replace(ANSWER, cached=True, cache="exact")
    found = await cache.get("What is the way to reset my password?", SCOPE)
    assert found == replace(ANSWER, cached=True, cache="semantic", similarity=1.0)
    assert "reset" not in repr(found)


async def test_what_a_check_objects_to_is_a_miss_however_alike_the_vectors_are(entries: Entries) -> None:
    cache = SemanticCache(entries, Alike(), threshold=0.9)
    await cache.put("How do I enable logging for 2 users?", ANSWER, SCOPE)
    for other in (
        "How do I disable logging for 2 users?",
        "How do I enable logging for 3 users?",
        "How do I not enable logging for 2 users?",
        "Why do I enable logging for 2 users?",
    ):
        assert await cache.get(other, SCOPE) is None


async def test_the_next_candidate_is_taken_where_a_check_objects_to_the_nearest(entries: Entries) -> None:
    cache = SemanticCache(entries, Alike(), threshold=0.9)
    await cache.put("How do I disable the audit log?", replace(ANSWER, text="off"), SCOPE)
    await cache.put("How do I enable the audit log?", replace(ANSWER, text="on"), SCOPE)
    found = await cache.get("How can I enable the audit log?", SCOPE)
    assert found is not None
    assert found.text == "on"


async def test_no_answer_crosses_scopes(entries: Entries) -> None:
    cache = SemanticCache(entries, Alike(), threshold=0.9)
    await cache.put("How do I reset my password?", ANSWER, SCOPE)
    for other in (replace(SCOPE, tenant="u"), replace(SCOPE, groups=("x",)), replace(SCOPE, version="2")):
        assert await cache.get("How can I reset my password?", other) is None


async def test_a_question_is_embedded_once_for_its_look_up_and_its_answer() -> None:
    embedder = Alike()
    cache = SemanticCache(ExactCache(), embedder, threshold=0.9)
    await cache.get("How much?", SCOPE)
    await cache.put("How much?", ANSWER, SCOPE)
    await cache.get("how much", SCOPE)
    assert embedder.embedded == ["How much?"]


async def test_without_vectors_the_exact_tier_is_left(entries: Entries) -> None:
    cache = SemanticCache(entries, Broken(), threshold=0.9)
    await cache.put("How much?", ANSWER, SCOPE)
    assert await cache.get("how much", SCOPE) is not None
    assert await cache.get("How much is it?", SCOPE) is None


async def test_an_answer_that_has_grown_old_is_not_found_by_meaning_either() -> None:
    now = [0.0]
    cache = SemanticCache(ExactCache(ttl=10, clock=lambda: now[0]), Alike(), threshold=0.9)
    await cache.put("How do I reset my password?", ANSWER, SCOPE)
    now[0] = 11
    assert await cache.get("How can I reset my password?", SCOPE) is None
    assert await cache.clear() == 0


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_a_threshold_out_of_range_is_named(threshold: float) -> None:
    with pytest.raises(InvalidInput, match=str(threshold)):
        SemanticCache(ExactCache(), Alike(), threshold=threshold)


QUESTIONS = ("How do I reset my password?", "How can I reset my password?", "how do i reset my password", "How much?")
STEPS = st.lists(
    st.tuples(st.sampled_from("tu"), st.sampled_from(["", "g"]), st.sampled_from(QUESTIONS), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(STEPS)
@settings(max_examples=60)
def test_two_tenants_never_see_each_others_answers(steps: list[tuple[str, str, str, bool]]) -> None:
    async def play() -> None:
        cache = SemanticCache(ExactCache(entries=5), Alike(), threshold=0.9)
        for tenant, group, question, stores in steps:
            scope = Scope(tenant=tenant, groups=(group,) if group else (), agent="a", version="1")
            owner = f"{tenant}/{group}"
            if stores:
                await cache.put(question, Answer(text=owner, outcome=Outcome.ANSWERED), scope)
            found = await cache.get(question, scope)
            assert found is None or found.text == owner
            assert found is not None or not stores

    asyncio.run(play())


async def test_two_tenants_on_one_server_never_see_each_others_answers(make_redis) -> None:
    caches = [SemanticCache(make_redis(), Alike(), threshold=0.9) for _ in range(2)]
    for turn in range(24):
        tenant = "tu"[turn % 2]
        scope = Scope(tenant=tenant, agent="a", version="1")
        cache, question = caches[turn // 2 % 2], QUESTIONS[turn * 7 % 4]
        if turn % 3 == 0:
            await cache.put(question, Answer(text=tenant, outcome=Outcome.ANSWERED), scope)
        found = await cache.get(question, scope)
        assert found is None or found.text == tenant


async def test_the_shipped_threshold_takes_paraphrases_and_leaves_neighbours() -> None:
    threshold = threshold_for(0.02)
    assert threshold is not None
    cache = SemanticCache(ExactCache(), MiniLM(), threshold=threshold)
    await cache.put("How do I delete a thread?", ANSWER, SCOPE)
    assert await cache.get("How can I delete a thread?", SCOPE) is not None
    assert await cache.get("How do I delete a document?", SCOPE) is None
    assert await cache.get("What is a thread?", SCOPE) is None
