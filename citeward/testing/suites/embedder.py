"""What every Embedder must hold to.

    @pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
    async def test_my_embedder_is_an_embedder(check):
        await check(MyEmbedder())

Each raises AssertionError saying what was wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

import numpy as np

from citeward.contracts.retrieval import Embedder, Vectors
from citeward.errors import InvalidInput

EmbedderCheck: TypeAlias = Callable[[Embedder], Awaitable[None]]

TEXTS: tuple[str, ...] = (
    "The harbour master opens the port at seven.",
    "A black cat sleeps under the mat.",
    "def mean(values): return sum(values) / len(values)",
    "Die Rechnung über 1.249,50 € ist fällig.",
    "The key is in the third drawer, behind the letters.",
)
ODD_TEXTS: tuple[str, ...] = (
    "",
    "   ",
    "\n\t",
    ".",
    "\x00\x01",
    "lone surrogate \ud83d here",
    "\udc00",
    "日本語 ünïcödé 👩‍👩‍👧",
    "\u202eright to left\u2066",
    "﷽" * 50,
    "a" * 5_000,
)
"""Texts that break tokenizers, or that servers refuse; each gets a vector all the same."""
LONG_TEXT = "a long text of many words, far past any window. " * 3_000
SAME = 0.995
"""Cosine from which two vectors are one text's: half precision and other texts in the batch cost some digits."""


async def vectors_are_of_unit_length(embedder: Embedder) -> None:
    """One row a text, float32, of the dimensions that the embedder says, of length 1; for questions too."""
    for queries in (False, True):
        _sound(await embedder.embed(TEXTS, queries=queries), len(TEXTS), embedder)


async def no_texts_give_no_rows(embedder: Embedder) -> None:
    """But an array of the right width."""
    for queries in (False, True):
        _sound(await embedder.embed([], queries=queries), 0, embedder)


async def the_name_stays(embedder: Embedder) -> None:
    """Name and dimensions are there before the first text, and are the same after it."""
    before = (embedder.name, embedder.dimensions)
    assert embedder.name and embedder.dimensions > 0, f"{before}"
    await embedder.embed(TEXTS[:1])
    assert (embedder.name, embedder.dimensions) == before


async def rows_are_in_the_order_of_the_texts(embedder: Embedder) -> None:
    """Also the other way round, with one text twice, and past any batch."""
    alone = {text: (await embedder.embed([text]))[0] for text in TEXTS}
    for texts in (TEXTS, TEXTS[::-1], (*TEXTS, TEXTS[0]), TEXTS * 30):
        rows = await embedder.embed(texts)
        _sound(rows, len(texts), embedder)
        for row, text in zip(rows, texts, strict=True):
            assert row @ alone[text] >= SAME, f"the row of {text!r} is not its own: {row @ alone[text]:.4f}"


async def a_text_keeps_its_vector(embedder: Embedder) -> None:
    """Whenever it is embedded."""
    first, second = await embedder.embed(TEXTS), await embedder.embed(TEXTS)
    assert (np.sum(first * second, axis=1) >= SAME).all(), "the same texts, another time"


async def texts_are_told_apart(embedder: Embedder) -> None:
    """Different texts get different vectors."""
    rows = await embedder.embed(TEXTS)
    likeness = rows @ rows.T - 2 * np.eye(len(TEXTS), dtype=np.float32)
    assert likeness.max() < 1 - 1e-6, "two texts share one vector"


async def any_text_gets_a_vector(embedder: Embedder) -> None:
    """Empty, blank, broken, in any script; among others and alone."""
    for queries in (False, True):
        _sound(await embedder.embed([*ODD_TEXTS, TEXTS[0]], queries=queries), len(ODD_TEXTS) + 1, embedder)
        for text in ODD_TEXTS:
            _sound(await embedder.embed([text], queries=queries), 1, embedder)


async def a_long_text_gets_a_vector(embedder: Embedder) -> None:
    """A text past the model's window is cut, and its neighbours keep their vectors."""
    long, short = await embedder.embed([LONG_TEXT, TEXTS[0]])
    _sound(long[None], 1, embedder)
    assert short @ (await embedder.embed([TEXTS[0]]))[0] >= SAME, "the neighbour of a long text"


async def one_text_given_bare_is_refused(embedder: Embedder) -> None:
    """A string is a sequence of strings: taken for one it would be embedded letter by letter."""
    try:
        await embedder.embed(cast("list[str]", "bare"))
    except InvalidInput:
        return
    raise AssertionError("InvalidInput was due")


async def many_may_embed_at_once(embedder: Embedder) -> None:
    """And each gets its own rows."""
    alone = await embedder.embed(TEXTS)
    together = await asyncio.gather(*(embedder.embed([text]) for text in TEXTS * 4))
    for at, rows in enumerate(together):
        assert rows[0] @ alone[at % len(TEXTS)] >= SAME, f"call {at} got another's rows"


EMBEDDER_CHECKS: tuple[EmbedderCheck, ...] = (
    vectors_are_of_unit_length,
    no_texts_give_no_rows,
    the_name_stays,
    rows_are_in_the_order_of_the_texts,
    a_text_keeps_its_vector,
    texts_are_told_apart,
    any_text_gets_a_vector,
    a_long_text_gets_a_vector,
    one_text_given_bare_is_refused,
    many_may_embed_at_once,
)
"""Every check."""


def _sound(rows: Vectors, count: int, embedder: Embedder) -> None:
    assert rows.shape == (count, embedder.dimensions), f"shape {rows.shape}, not {(count, embedder.dimensions)}"
    assert rows.dtype == np.float32, f"{rows.dtype}, not float32"
    lengths = np.linalg.norm(rows, axis=1)
    assert np.allclose(lengths, 1, atol=1e-4), f"lengths {lengths}"
