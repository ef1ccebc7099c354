import warnings
from pathlib import Path

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from citeward.contracts.retrieval import Where
from citeward.errors import InvalidInput, NotFound, StoreError, StoreUnavailable
from citeward.retrieval.langchain import LangChainStore
from citeward.retrieval.langchain.store import Make
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import STORE_CHECKS, StoreCheck, fill, found, sample

EMBEDDER = HashEmbedder()
NEED_A_KEYWORD_LEG = frozenset(
    {
        "upsert_replaces_the_whole_document",
        "the_same_upsert_twice_is_one",
        "odd_ids_are_kept_apart",
        "token_vectors_are_kept_with_their_passage",
        "optimize_changes_nothing_found",
        "any_query_may_be_asked",
        "words_of_any_script_are_found",
        "a_missing_vector_is_said",
        "fusion_is_what_the_legs_say",
        "one_hit_or_a_flat_leg_gets_the_full_weight",
        "rare_words_and_short_passages_weigh_more",
    }
)
"""These search by words alone, or compare the legs; a LangChain vector store searches by vector only."""
APPLY = [check for check in STORE_CHECKS if check.__name__ not in NEED_A_KEYWORD_LEG]


def _in_memory(tenant: str, given: Embeddings) -> VectorStore:
    return InMemoryVectorStore(given)


def _faiss(tenant: str, given: Embeddings) -> VectorStore:
    """Langchain-community's, which gives the square of a Euclidean distance."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package announces its end, and SWIG its types
        from faiss import IndexFlatL2
        from langchain_community.docstore.in_memory import InMemoryDocstore
        from langchain_community.vectorstores import FAISS

    return FAISS(given, IndexFlatL2(EMBEDDER.dimensions), InMemoryDocstore(), {})


def _open(make: Make = _in_memory, **more: object) -> LangChainStore:
    if make is _faiss:
        more["similarity"] = lambda distance: 1 - distance / 2
    return LangChainStore(make, embedder=EMBEDDER.name, dimensions=EMBEDDER.dimensions, **more)  # type: ignore[arg-type]


BOTH = pytest.mark.parametrize("make", [_in_memory, _faiss], ids=["InMemoryVectorStore", "FAISS"])


def test_the_checks_left_out_are_there() -> None:
    assert {check.__name__ for check in STORE_CHECKS} >= NEED_A_KEYWORD_LEG
    assert len(APPLY) > len(NEED_A_KEYWORD_LEG)


@BOTH
@pytest.mark.parametrize("check", APPLY, ids=lambda check: check.__name__)
async def test_it_is_a_store_as_far_as_a_vector_store_can_be(check: StoreCheck, make: Make) -> None:
    await check(_open(make), EMBEDDER)


@BOTH
async def test_upsert_replaces_the_whole_document(make: Make) -> None:
    store = _open(make)
    await fill(store, EMBEDDER, sample("a", "red fox", "brown bear", "grey wolf"), sample("b", "white hare"))
    await fill(store, EMBEDDER, sample("a", "green frog"))
    assert await store.count() == 2
    hits = await store.search("", await _vector("grey wolf"))
    assert {hit.passage.text for hit in hits} == {"green frog", "white hare"}


@BOTH
async def test_scores_are_cosine_similarities(make: Make) -> None:
    store = _open(make)
    await fill(store, EMBEDDER, sample("a", "red fox", "grey wolf"))
    vector = await _vector("red fox sleeping")
    hits = await store.search("", vector, alpha=1)
    rows = await EMBEDDER.embed([hit.passage.text for hit in hits])
    assert [hit.vector_score for hit in hits] == pytest.approx((rows @ vector).tolist(), abs=1e-5)


async def test_hits_are_flagged_where_a_keyword_leg_was_asked_for() -> None:
    store = _open()
    await fill(store, EMBEDDER, sample("a", "red fox"))
    for alpha, degraded in ((0.0, True), (0.5, True), (1.0, False)):
        (hit,) = await store.search("fox", await _vector("fox"), alpha=alpha)
        assert (hit.degraded, hit.keyword_score) == (degraded, None)
    with pytest.raises(InvalidInput, match="no keyword leg"):
        await store.search("fox")


@BOTH
async def test_one_text_may_have_several_vectors(make: Make) -> None:
    store = _open(make)
    (document, chunks) = sample("a", "same", "same")
    await store.upsert([document], [chunks], [np.eye(2, EMBEDDER.dimensions, dtype=np.float32)])
    for ordinal in (0, 1):
        (best, _) = await store.search("", np.eye(2, EMBEDDER.dimensions, dtype=np.float32)[ordinal], alpha=1)
        assert best.passage.id == f"a#{ordinal}"


async def test_no_more_passages_are_looked_at_than_it_may() -> None:
    store = _open(reach=20)
    crowd = [sample(f"{n}", "red fox", meta={"keep": False}) for n in range(30)]
    await fill(store, EMBEDDER, *crowd, sample("one", "a fox among others", meta={"keep": True}))
    assert await found(store, EMBEDDER, "red fox", filters=Where(field="keep", op="eq", value=True)) == []


async def test_the_catalogue_outlives_the_process(tmp_path: Path) -> None:
    kept: dict[str, VectorStore] = {}

    def make(tenant: str, given: Embeddings) -> VectorStore:
        return kept.setdefault(tenant, InMemoryVectorStore(given))  # stands for one on a server

    store = _open(make, catalogue=tmp_path / "deep" / "catalogue.sqlite")
    await fill(store, EMBEDDER, sample("a", "red fox"), tenant="t")
    await store.close()
    again = _open(make, catalogue=tmp_path / "deep" / "catalogue.sqlite")
    assert await found(again, EMBEDDER, "red fox", tenant="t") == ["a"]
    assert await again.tenants() == ["t"]
    with pytest.raises(NotFound):
        await again.search("", await _vector("red fox"))
    await again.close()


async def test_a_vector_store_that_fails_leaves_the_earlier_version() -> None:
    class Failing(InMemoryVectorStore):
        failing = False

        async def aadd_documents(self, *args: object, **kwargs: object) -> list[str]:
            if self.failing:
                raise OSError("connection reset")
            return await super().aadd_documents(*args, **kwargs)  # type: ignore[arg-type]

    store = _open(lambda _, given: Failing(given))
    await fill(store, EMBEDDER, sample("a", "red fox"))
    before = await store.generation()
    Failing.failing = True
    with pytest.raises(StoreUnavailable, match="connection reset"):
        await fill(store, EMBEDDER, sample("a", "grey wolf"))
    assert (await store.document("a")).text == "red fox"
    assert (await store.generation(), await found(store, EMBEDDER, "red fox")) == (before, ["a"])


async def test_what_a_vector_store_cannot_delete_is_not_found() -> None:
    class Keeping(InMemoryVectorStore):
        async def adelete(self, ids: object = None, **kwargs: object) -> None:
            raise NotImplementedError

    store = _open(lambda _, given: Keeping(given))
    await fill(store, EMBEDDER, sample("a", "red fox"), sample("b", "grey wolf"))
    await store.delete(["a"])
    assert await found(store, EMBEDDER, "red fox") == ["b"]


async def test_one_without_scores_is_refused() -> None:
    class Scoreless(InMemoryVectorStore):
        async def asimilarity_search_with_score(self, *args: object, **kwargs: object) -> object:
            raise NotImplementedError

    store = _open(lambda _, given: Scoreless(given))
    await fill(store, EMBEDDER, sample("a", "red fox"))
    with pytest.raises(StoreError, match="gives no scores"):
        await store.search("", await _vector("red fox"))


async def test_nobody_else_can_write_to_the_vector_store() -> None:
    made: list[VectorStore] = []

    def make(tenant: str, given: Embeddings) -> VectorStore:
        made.append(InMemoryVectorStore(given))
        return made[-1]

    await fill(_open(make), EMBEDDER, sample("a", "red fox"))
    with pytest.raises(StoreError, match="no vector was given"):
        made[0].add_texts(["intruder"])


async def _vector(text: str) -> np.ndarray:
    return (await EMBEDDER.embed([text]))[0]
