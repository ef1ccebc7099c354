"""The laws that every StreamGuard must hold to, alone and behind one another.

Call them from your own tests, with a function that makes your guard and texts that it should meet:

    @given(st.data())
    def test_my_guard_holds_the_laws(data):
        text = data.draw(texts(secrets=["what it must stop"]))
        guarded = check_stream_guard(MyGuard, text, data.draw(cuts(text)))
        assert "what it must stop" not in guarded

    def test_my_guard_is_bounded():
        check_bounded(MyGuard, secrets=["what it must stop"])

Each raises AssertionError with what was wrong. `texts` and `cuts` need hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from citeward.contracts.guardrail import Finding, StreamGuard

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

PLAIN: tuple[str, ...] = (
    "The harbour opens at seven,",
    "said the keeper.",
    "and",
    "Call 12 34",
    "p. 7",
    "\n",
    "\n\n- ",
    "  ",
    "7 " * 40,
    "x" * 300,
    "a.b-c_d/e",
    "Straße İstanbul ﬁancé Ⅻ",
    "e\u0301te\u0301",
    "日本語の文章です。",
    "שלום עולם",
    "مرحبا، كيف الحال؟",
    "👩‍👩‍👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "zero\u200bwidth \u202eturned\u202c",
    "lone \ud83d",
    "\x00\x01",
    "<EMAIL_1",
    "<<",
    "`code` [1](url) [2]",
)
"""Pieces of harmless text, some of them unusual, some of them the beginning of what a guard looks for."""
HARMLESS = "The harbour opens at seven and its keeper is paid on Fridays."


def texts(secrets: Sequence[str] = (), plain: Sequence[str] = PLAIN) -> SearchStrategy[str]:
    """Texts of a few pieces: plain ones, secrets, and secrets cut off before their end, or in their middle."""
    from hypothesis import strategies as st

    pieces: list[SearchStrategy[str]] = [st.sampled_from(plain), st.text(max_size=8)]
    if secrets:
        whole = st.sampled_from(secrets)
        pieces += [whole, whole, st.builds(lambda text, share: text[: int(len(text) * share)], whole, st.floats(0, 1))]
        pieces.append(whole.map(lambda text: text[:-1]))
    joints = st.sampled_from([" ", " ", ", ", "\n", "", " and "])
    return st.lists(st.tuples(st.one_of(pieces), joints), max_size=8).map(
        lambda parts: "".join(piece + joint for piece, joint in parts)
    )


def cuts(text: str) -> SearchStrategy[list[int]]:
    """Ways to split `text`: at a few places, everywhere, or nowhere."""
    from hypothesis import strategies as st

    some = st.lists(st.integers(0, len(text)), max_size=12)
    return st.one_of(some, st.just(list(range(len(text)))), st.just([]))


def pieces(text: str, at: Iterable[int]) -> list[str]:
    """`text` in the pieces between the places; none is empty."""
    edges = sorted({0, len(text), *(place for place in at if 0 < place < len(text))})
    return [text[start:end] for start, end in pairwise(edges)]


def check_stream_guard(make: Callable[[], StreamGuard], text: str, at: Iterable[int]) -> str:
    """Hold a fresh guard to its contract on `text`, fed in the pieces between the places; returns the guarded text.

    What it returns joined, and what it found, is what it gives for the whole text in one piece; it never keeps back
    more than its declared holdback; what it has released is never taken back; offsets lie within the text; and after
    its end it returns nothing more.
    """
    whole = make()
    expected = whole.feed(text) + whole.close()
    guard = make()
    out: list[str] = []
    fed = 0
    for piece in pieces(text, at):
        out.append(guard.feed(piece))
        fed += len(piece)
        held = _held(guard, make, text[:fed])
        assert held <= guard.holdback, f"{held} characters held back, {guard.holdback} declared"
        assert expected.startswith("".join(out)), "what was released is not how the guarded text begins"
    out.append(guard.close())
    assert "".join(out) == expected, "the split changed the guarded text"
    assert guard.close() == "", "something came after the end"
    assert guard.findings == whole.findings, "the split changed what was found"
    for finding in guard.findings:
        check_finding(finding, text)
    return expected


def check_bounded(
    make: Callable[[], StreamGuard],
    *,
    secrets: Sequence[str] = (),
    looked_at: Callable[[], int] | None = None,
    most: int = 40,
) -> None:
    """Hold a guard to what it may cost: long streams in small pieces, harmless or full of near matches.

    It never holds back more than it declares; the first words of a harmless text leave before the third has begun; and
    where `looked_at` tells how many characters the guard has looked at since it was last asked, they are at most `most`
    for each one of the stream, for texts of one, ten and (of prose and of near matches) a hundred thousand characters.
    """
    guard = make()
    released = guard.feed("The harbour ") + guard.feed("opens ")
    assert released.startswith("The "), f"of a harmless text only {released!r} had left after three words"
    near = [secret[:-1] for secret in secrets] or ["nothing"]
    long = (1_000, 10_000, 100_000)
    kinds = {HARMLESS: long, " ".join(near): long, "7 4 1 ": long[:2], "x": long[:2], "a] b. ": long[:2]}
    for kind, lengths in kinds.items():
        for length in lengths:
            text = (f"{kind} " * (1 + length // len(kind)))[:length]
            guard = make()
            if looked_at is not None:
                looked_at()
            for piece in pieces(text, range(0, length, 8)):
                guard.feed(piece)
                held = getattr(guard, "held", 0)
                assert held <= guard.holdback, f"{held} characters held back, {guard.holdback} declared"
            guard.close()
            if looked_at is not None:
                seen = looked_at()
                assert seen <= most * length, f"{seen} characters looked at in a text of {length} like {kind[:20]!r}"


def check_finding(finding: Finding, text: str) -> None:
    """A finding has a kind, lies within its text, and its score is one."""
    assert finding.kind, "a finding without a kind"
    assert 0 <= finding.start <= finding.end <= len(text), f"{finding} leaves a text of {len(text)}"
    assert 0 <= finding.score <= 1, f"{finding} has an impossible score"


def _held(guard: StreamGuard, make: Callable[[], StreamGuard], text: str) -> int:
    """How many characters the guard keeps to itself: as it says, or else as another one shows that was fed `text`."""
    held = getattr(guard, "held", None)
    if isinstance(held, int):
        return held
    other = make()
    other.feed(text)
    return len(other.close())
