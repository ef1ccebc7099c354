"""The SQL against its definition: for every meta and filter, the store finds what `matches` lets through."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citeward.contracts.retrieval import And, Filter, MetaValue, Not, Or, Where
from citeward.retrieval.filters import matches
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.where import quoted, where
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, sample

EMBEDDER = HashEmbedder(dimensions=8)
NASTY = [
    "",
    "a",
    "b",
    "A",
    "it's",
    "'",
    "''",
    "\\'",
    "--",
    "$.a[0]",
    '"',
    "`",
    "\x00",
    "\n",
    "é",
    "🐈",
    "%",
    "*",
    "0",
    "true",
]
texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=4))
numbers = st.one_of(
    st.sampled_from([0, 1, -1, 1.0, -0.0, 0.5, 2**53, 2**53 + 1, 10**30, 1e300, 5e-324]),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
)
lists = st.lists(texts, max_size=3).map(tuple)
values = st.one_of(texts, numbers, st.booleans(), lists)
keys = st.one_of(st.sampled_from(["a", "b", "", "a'b", "$", "0", "a.b", 'q"']), texts)
metas = st.dictionaries(keys, values, max_size=4)
comparisons = st.one_of(
    st.builds(Where, field=keys, op=st.sampled_from(["eq", "ne"]), value=values),
    st.builds(
        Where, field=keys, op=st.just("in"), value=st.lists(st.one_of(texts, numbers, st.booleans()), max_size=3)
    ),
    st.builds(Where, field=keys, op=st.sampled_from(["gt", "gte", "lt", "lte"]), value=st.one_of(texts, numbers)),
    st.builds(Where, field=keys, op=st.just("contains_any"), value=st.lists(texts, max_size=3)),
    st.builds(
        Where,
        field=st.sampled_from(["title", "source", "document_id"]),
        op=st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
        value=texts,
    ),
)
filters_ = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(And, clauses=st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, clauses=st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, clause=inner),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("citeward.retrieval.lancedb.upkeep.COLUMNS_FROM", 0)
        yield tmp_path_factory.mktemp("where")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(metas, texts), min_size=3, max_size=3), st.lists(filters_, min_size=1, max_size=8), st.booleans()
)
def test_the_store_finds_exactly_what_matches(
    folder: Path, stock: list[tuple[dict[str, MetaValue], str]], asked: list[Filter], indexed: bool
) -> None:
    async def run() -> None:
        async with LanceStore(folder, embedder=EMBEDDER.name, dimensions=8) as store:
            samples = [sample(f"d{n}", "word", title=title, meta=meta) for n, (meta, title) in enumerate(stock)]
            await fill(store, EMBEDDER, *samples)
            if indexed:
                await store.optimize()
            for filters in asked:
                hits = await store.search("word", None, alpha=0.0, filters=filters)
                expected = {
                    document.id
                    for document, _ in samples
                    if matches(
                        filters,
                        {"document_id": document.id, "source": document.source, "title": document.title},
                        document.meta,
                    )
                }
                assert {hit.passage.document_id for hit in hits} == expected, where(filters, None)

    asyncio.run(run())


def test_no_condition_where_everything_may_be_found() -> None:
    assert where(None, None) is None
    assert where(None, ()) == "(array_has_any(access, ['*']))"


def test_a_quote_in_a_value_stays_in_the_value() -> None:
    assert quoted("x' OR '1'='1") == "'x'' OR ''1''=''1'"
