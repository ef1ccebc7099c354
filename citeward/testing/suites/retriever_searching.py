"""What a search finds: any query, filters, groups, limits, one leg or two."""

from __future__ import annotations

import numpy as np

from citeward.contracts.retrieval import And, Embedder, Filter, Not, Or, Store, Where
from citeward.errors import InvalidInput
from citeward.testing.suites.retriever_filters import FILTERS, STOCK
from citeward.testing.suites.retriever_samples import fill, found, raises, sample

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
        with raises(InvalidInput, f"{filters}"):
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


async def words_of_any_script_are_found(store: Store, embedder: Embedder) -> None:
    """Whatever the case, the accents, and the form in which a letter is written."""
    texts = {
        "fr": "Une crème brûlée à la cannelle",
        "de": "Der Fuß im Schloß",
        "ru": "Быстрая лиса",
        "el": "Η γρήγορη αλεπού",
        "jp": "東京都に住んでいます",
        "ko": "빠른 여우",
        "en": "The routes were routed",
    }
    await fill(store, embedder, *(sample(name, text) for name, text in texts.items()))
    for query, expected in (
        ("creme BRULEE", "fr"),
        ("cre\u0300me", "fr"),
        ("fuss", "de"),
        ("ЛИСА", "ru"),
        ("γρήγορη", "el"),
        ("東京", "jp"),
        ("여우", "ko"),
        ("routing", "en"),
    ):
        assert await found(store, embedder, query, alpha=0) == [expected], query


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


async def limits_are_checked(store: Store, embedder: Embedder) -> None:
    """limit 1..1000 and alpha 0..1; anything else is InvalidInput."""
    await fill(store, embedder, sample("a", *(f"fox number {n}" for n in range(130))))
    vector = (await embedder.embed(["fox"]))[0]
    assert len(await store.search("fox", vector, limit=1)) == 1
    assert len(await store.search("fox", vector, limit=1000)) == 130
    for limit in (0, -1, 1001):
        with raises(InvalidInput, f"limit {limit}"):
            await store.search("fox", vector, limit=limit)
    for alpha in (-0.1, 1.1, float("nan")):
        with raises(InvalidInput, f"alpha {alpha}"):
            await store.search("fox", vector, alpha=alpha)
    with raises(InvalidInput, "a vector of another length"):
        await store.search("fox", np.ones(embedder.dimensions + 1, np.float32))
