"""What every Store, and so every Retriever, must hold to.

Run each check against an empty store of yours:

    @pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
    async def test_my_store_is_a_store(check, tmp_path):
        embedder = HashEmbedder()
        await check(await MyStore.make(tmp_path, embedder), embedder)

Each raises AssertionError saying what was wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import numpy as np

from citeward.contracts.retrieval import (
    And,
    Chunk,
    Document,
    Embedder,
    Filter,
    Fusion,
    MetaValue,
    Not,
    Or,
    Store,
    Where,
)
from citeward.errors import CitewardError, InvalidInput, NotFound
from citeward.testing.suites.retriever_filters import FILTERS, STOCK

StoreCheck: TypeAlias = Callable[[Store, Embedder], Awaitable[None]]

ODD_QUERIES: tuple[str, ...] = (
    "",
    "   ",
    "the and of",
    '"unclosed (quote AND OR NOT',
    "title:cat^2 ~ * ? [a TO b] {} \\",
    "'; DROP TABLE passages; --",
    "\x00\x01",
    "lone surrogate \ud83d here",
    "日本語 ünïcödé 👩‍👩‍👧",
    "word " * 2_000,
)
"""Queries that break stores which parse them; none may raise."""
ODD_NAMES: tuple[str, ...] = (
    "../x",
    "a/b",
    "A",
    "a",
    ".",
    "..",
    "a b",
    "it's",
    "日本",
    "x" * 500,
    "x" * 501,
    "CON",
    "\n",
)
"""Names that break stores which use them as they come, as tenants and as document ids."""


def sample(
    name: str,
    *texts: str,
    title: str = "",
    groups: Sequence[str] = (),
    meta: Mapping[str, MetaValue] | None = None,
    content_hash: str = "",
) -> tuple[Document, list[Chunk]]:
    """A document whose passages are the given texts, two line breaks apart."""
    chunks, start = [], 0
    for ordinal, text in enumerate(texts):
        chunks.append(Chunk(ordinal=ordinal, text=text, start=start, end=start + len(text)))
        start += len(text) + 2
    document = Document(
        id=name,
        text="\n\n".join(texts),
        source=f"source of {name}",
        title=title,
        meta=meta or {},
        groups=tuple(groups),
        content_hash=content_hash,
    )
    return document, chunks


async def fill(
    store: Store, embedder: Embedder, *samples: tuple[Document, list[Chunk]], tenant: str = "default"
) -> None:
    """Embed and upsert the samples in one call."""
    vectors = [await embedder.embed([chunk.text for chunk in chunks]) for _, chunks in samples]
    await store.upsert([document for document, _ in samples], [chunks for _, chunks in samples], vectors, tenant=tenant)


async def found(store: Store, embedder: Embedder, query: str, *, alpha: float = 0.5, **more: object) -> list[str]:
    """Ids of the documents found, best first."""
    vector = (await embedder.embed([query], queries=True))[0]
    hits = await store.search(query, vector, alpha=alpha, **more)  # type: ignore[arg-type]
    return [hit.passage.document_id for hit in hits]


async def passages_come_back_as_stored(store: Store, embedder: Embedder) -> None:
    """Text, offsets, source, title, meta and the whole document, to the letter."""
    meta: dict[str, MetaValue] = {"n": 3, "f": 1.0, "b": True, "s": 'it\'s "x"', "l": ("a", "b"), "empty": ()}
    document, chunks = sample("a#1/ü", "Crème brûlée\r\n\tfor\u2028two.", "🐈 sleeps. ", title="T", meta=meta)
    await fill(store, embedder, (document, chunks))
    for chunk in chunks:
        (hit, *_) = await store.search(chunk.text, (await embedder.embed([chunk.text]))[0])
        got = hit.passage
        assert (got.text, got.start, got.end) == (chunk.text, chunk.start, chunk.end), "text and offsets"
        assert (got.document_id, got.source, got.title) == (document.id, document.source, "T"), "where it is from"
        assert dict(got.meta) == meta and [type(v) for v in got.meta.values()] == [type(v) for v in meta.values()]
        assert got.score == hit.score, "the passage carries the fused score"
        assert document.text[got.start : got.end] == got.text, "offsets point into the document"
    assert await store.document(document.id) == document, "the whole document"


async def upsert_replaces_the_whole_document(store: Store, embedder: Embedder) -> None:
    """Passages that the new version lacks are gone, others' are untouched, and the count agrees."""
    await fill(store, embedder, sample("a", "red fox", "brown bear", "grey wolf"), sample("b", "white hare"))
    await fill(store, embedder, sample("a", "green frog", content_hash="2"))
    assert await store.count() == 2, "passages after a shorter version"
    assert await found(store, embedder, "wolf", alpha=0) == [], "a passage of the old version"
    assert await found(store, embedder, "frog", alpha=0) == ["a"], "a passage of the new one, at once"
    assert await found(store, embedder, "hare", alpha=0) == ["b"], "another document"
    listed = {one.id: (one.content_hash, one.source, one.passages) async for one in store.documents()}
    assert listed == {"a": ("2", "source of a", 1), "b": ("", "source of b", 1)}, "documents() lists each once"
    assert (await store.document("a")).text == "green frog"


async def delete_removes_documents(store: Store, embedder: Embedder) -> None:
    """It counts those that were there, and does nothing where there are none."""
    await fill(store, embedder, sample("a", "red fox", "brown bear"), sample("b", "white hare"))
    assert await store.delete(["a", "a", "never there"]) == 1
    assert await store.delete(["a"]) == 0 and await store.delete([]) == 0
    assert await store.delete(["b"], tenant="nobody") == 0
    assert await store.count() == 1
    with _raises(NotFound, "a deleted document"):
        await store.document("a")


async def a_document_without_passages_is_kept(store: Store, embedder: Embedder) -> None:
    """It is listed and can be read, but neither found nor counted."""
    await fill(store, embedder, (Document(id="blank", text="  \n", source="s"), []))
    assert await store.count() == 0
    assert [(one.id, one.passages) async for one in store.documents()] == [("blank", 0)]
    assert (await store.document("blank")).text == "  \n"
    assert await found(store, embedder, "blank") == []


async def tenants_are_apart(store: Store, embedder: Embedder) -> None:
    """Whatever they are called; a tenant that is not there is NotFound to a search and empty to a listing."""
    for name in ODD_NAMES:
        await fill(store, embedder, sample("doc", f"secret of number {ODD_NAMES.index(name)}"), tenant=name)
    for number, name in enumerate(ODD_NAMES):
        assert await store.count(tenant=name) == 1, f"tenant {name!r}"
        assert (await store.document("doc", tenant=name)).text == f"secret of number {number}"
    with _raises(NotFound, "a search in a tenant that is not there"):
        await store.search("x", tenant="nobody")
    with _raises(NotFound, "a document of a tenant that is not there"):
        await store.document("doc", tenant="nobody")
    assert await store.count(tenant="nobody") == 0
    assert [one async for one in store.documents(tenant="nobody")] == []


async def groups_are_kept_out_of_both_legs(store: Store, embedder: Embedder) -> None:
    """A reader finds documents without groups and those that share one; no groups given means all."""
    await fill(
        store,
        embedder,
        sample("open", "salary report"),
        sample("hr", "salary report", groups=("hr", "board")),
        sample("odd", "salary report", groups=("it's", "*")),
    )
    for alpha in (0.0, 0.5, 1.0):
        for groups, expected in (
            (None, {"open", "hr", "odd"}),
            ((), {"open"}),
            (("board",), {"open", "hr"}),
            (("*",), {"open", "odd"}),
            (("it's", "hr"), {"open", "hr", "odd"}),
            (("nobody", "') OR true --"), {"open"}),
        ):
            assert set(await found(store, embedder, "salary report", alpha=alpha, groups=groups)) == expected, groups
    await fill(store, embedder, sample("hr", "salary report", groups=("board",)))
    assert set(await found(store, embedder, "salary report", groups=("hr",))) == {"open"}, "groups that were taken away"


async def filters_hold_in_both_legs(store: Store, embedder: Embedder) -> None:
    """Each filter of FILTERS finds exactly the documents that it names, whichever leg is searched."""
    await fill(
        store, embedder, *(sample(name, "same words", title=name.upper(), meta=meta) for name, meta in STOCK.items())
    )
    for filters, expected in FILTERS:
        for alpha in (0.0, 0.5, 1.0):
            got = await found(store, embedder, "same words", alpha=alpha, filters=filters, limit=100)
            assert set(got) == set(expected), f"{filters} at alpha {alpha}: {sorted(got)}, not {sorted(expected)}"


async def filters_come_before_ranking(store: Store, embedder: Embedder) -> None:
    """A match is found even where hundreds of better passages do not match."""
    crowd = [sample(f"crowd {n}", *("red fox",) * 10, meta={"keep": False}) for n in range(40)]
    await fill(store, embedder, *crowd, sample("one", "a fox among others in a long sentence", meta={"keep": True}))
    for alpha in (0.0, 0.5, 1.0):
        wanted = Where(field="keep", op="eq", value=True)
        assert await found(store, embedder, "red fox", alpha=alpha, filters=wanted, limit=1) == ["one"]


async def bad_filters_are_refused(store: Store, embedder: Embedder) -> None:
    """With InvalidInput, before anything is searched."""
    await fill(store, embedder, sample("a", "text"))
    bad: list[Filter] = [
        Where(field="n", op="like", value="x"),  # type: ignore[arg-type]
        Where(field="n", op="in", value="text"),
        Where(field="n", op="contains_any", value=3),
        Where(field="n", op="gt", value=True),
        Where(field="n", op="gt", value=("a",)),
        Where(field="n", op="lt", value=float("nan")),
        Where(field="title", op="eq", value=3),
        Not(clause=And(clauses=(Or(clauses=(Where(field="n", op="nope", value=1),)),))),  # type: ignore[arg-type]
    ]
    for filters in bad:
        with _raises(InvalidInput, f"{filters}"):
            await store.search("text", filters=filters)


async def any_query_may_be_asked(store: Store, embedder: Embedder) -> None:
    """Operators, quotes, control characters: nothing in a query means more than a word."""
    await fill(store, embedder, sample("a", "a black cat"), sample("b", "a white dog"))
    for query in ODD_QUERIES:
        for alpha in (0.0, 0.5):
            await found(store, embedder, query, alpha=alpha)
    for query in ("", "  ", "the of"):
        assert await store.search(query, alpha=0.0) == [], f"{query!r} has no words to find"
        assert len(await found(store, embedder, query, alpha=0.5)) == 2, f"{query!r} leaves the vector leg alone"


async def a_missing_vector_is_said(store: Store, embedder: Embedder) -> None:
    """Keyword only, flagged where the vector leg was asked for and not where it was not."""
    await fill(store, embedder, sample("a", "a black cat"), sample("b", "a white dog"))
    for alpha, degraded in ((0.0, False), (0.5, True), (1.0, True)):
        (hit,) = await store.search("cat", None, alpha=alpha)
        assert (hit.passage.document_id, hit.degraded) == ("a", degraded), f"alpha {alpha}"
        assert hit.keyword_score is not None and hit.vector_score is None
    (hit, *_) = await store.search("cat", (await embedder.embed(["cat"]))[0])
    assert not hit.degraded and hit.vector_score is not None
    assert hit.vector_score > 0 and hit.keyword_score is not None
    only = await store.search("cat", (await embedder.embed(["cat"]))[0], alpha=1.0)
    assert all(hit.keyword_score is None and not hit.degraded for hit in only), "alpha 1 searches by vector only"


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


async def limits_are_checked(store: Store, embedder: Embedder) -> None:
    """limit 1..1000 and alpha 0..1; anything else is InvalidInput."""
    await fill(store, embedder, sample("a", *(f"fox number {n}" for n in range(130))))
    vector = (await embedder.embed(["fox"]))[0]
    assert len(await store.search("fox", vector, limit=1)) == 1
    assert len(await store.search("fox", vector, limit=1000)) == 130
    for limit in (0, -1, 1001):
        with _raises(InvalidInput, f"limit {limit}"):
            await store.search("fox", vector, limit=limit)
    for alpha in (-0.1, 1.1, float("nan")):
        with _raises(InvalidInput, f"alpha {alpha}"):
            await store.search("fox", vector, alpha=alpha)
    with _raises(InvalidInput, "a vector of another length"):
        await store.search("fox", np.ones(embedder.dimensions + 1, np.float32))


async def bad_documents_are_refused_whole(store: Store, embedder: Embedder) -> None:
    """With InvalidInput, and nothing of the batch is written."""
    good, pieces = sample("good", "text")
    row = await embedder.embed(["text"])
    wrong = [
        ([good, good], [pieces, pieces], [row, row]),
        ([good], [pieces], []),
        ([good], [pieces], [row[:, 1:]]),
        ([good], [pieces], [row * np.float32("nan")]),
        ([good], [[Chunk(ordinal=0, text="text", start=1, end=5)]], [row]),
        ([good], [[Chunk(ordinal=1, text="text", start=0, end=4)]], [row]),
        ([Document(id="", text="text", source="s")], [pieces], [row]),
        ([Document(id="x", text="text \ud800", source="s")], [pieces], [row]),
        ([Document(id="x", text="text", source="s", meta={"n": float("inf")})], [pieces], [row]),
    ]
    for documents, chunks, vectors in wrong:
        with _raises(InvalidInput, f"{documents} {chunks}"):
            await store.upsert(documents, chunks, vectors)
    assert await store.count() == 0
    await store.upsert([], [], [])


async def odd_ids_are_kept_apart(store: Store, embedder: Embedder) -> None:
    """A document's id may be any text."""
    await fill(store, embedder, *(sample(name, f"word{n}") for n, name in enumerate(ODD_NAMES)))
    for number, name in enumerate(ODD_NAMES):
        assert (await store.document(name)).text == f"word{number}", repr(name)
        assert await found(store, embedder, f"word{number}", alpha=0) == [name]
        only = Where(field="document_id", op="eq", value=name)
        assert await found(store, embedder, "word", alpha=1, filters=only) == [name], repr(name)
    assert await store.delete(list(ODD_NAMES)) == len(ODD_NAMES)
    assert await store.count() == 0


async def optimize_changes_nothing_found(store: Store, embedder: Embedder) -> None:
    """It may be called at any time, also on a store that is empty."""
    await store.optimize()
    await fill(store, embedder, sample("a", "red fox"), sample("b", "brown bear"))
    before = await found(store, embedder, "fox")
    await store.optimize()
    await store.optimize()
    assert await found(store, embedder, "fox") == before
    await fill(store, embedder, sample("c", "arctic fox"))
    assert set(await found(store, embedder, "fox", alpha=0)) == {"a", "c"}, "written after optimize, found at once"


async def the_generation_changes_with_the_documents(store: Store, embedder: Embedder) -> None:
    """With each write of this tenant's documents, and not while nothing is written."""
    assert await store.generation() == await store.generation(), "of an empty store"
    seen = {await store.generation()}
    for write in (
        lambda: fill(store, embedder, sample("a", "red fox")),
        lambda: fill(store, embedder, sample("a", "grey wolf")),
        lambda: store.delete(["a"]),
    ):
        await write()
        generation = await store.generation()
        assert generation not in seen, "a write changes the generation"
        assert await store.generation() == generation, "reading does not"
        seen.add(generation)


STORE_CHECKS: tuple[StoreCheck, ...] = (
    passages_come_back_as_stored,
    upsert_replaces_the_whole_document,
    delete_removes_documents,
    a_document_without_passages_is_kept,
    tenants_are_apart,
    groups_are_kept_out_of_both_legs,
    filters_hold_in_both_legs,
    filters_come_before_ranking,
    bad_filters_are_refused,
    any_query_may_be_asked,
    a_missing_vector_is_said,
    scores_are_fused_as_agreed,
    limits_are_checked,
    bad_documents_are_refused_whole,
    odd_ids_are_kept_apart,
    optimize_changes_nothing_found,
    the_generation_changes_with_the_documents,
)
"""Every check; each wants a store of its own, still empty."""


class _raises(suppress):  # noqa: N801 - reads as a verb
    """The block raises this error of ours, with a hint."""

    def __init__(self, error: type[CitewardError], what: str) -> None:
        super().__init__(error)
        self._error, self._what = error, what

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        assert kind is not None, f"{self._what}: nothing was raised, {self._error.__name__} was due"
        return bool(super().__exit__(kind, error, trace))  # type: ignore[arg-type]
