"""What is cut of a continuation that repeats, and what is left alone."""

import itertools
import re
from collections.abc import Sequence

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from citeward.models.fallback.overlap import BOUND, Overlap


def _joined(said: str, pieces: Sequence[str]) -> str:
    overlap = Overlap(said)
    return said + "".join([*(overlap.feed(piece) for piece in pieces), overlap.close()])


@pytest.mark.parametrize(
    ("said", "continuation", "whole"),
    [
        ("The server lis", "tens on 80.", "The server listens on 80."),
        ("The server lis", "listens on 80.", "The server listens on 80."),
        ("The server listens", " on 80.", "The server listens on 80."),
        ("The server listens ", "on 80.", "The server listens on 80."),
        ("The server listens on", "The server listens on 80.", "The server listens on 80."),
        ("One. The server is", "server is on 80.", "One. The server is on 80."),
        ("The server is ", "server is on 80.", "The server is on 80."),
        ("The server is ", "server  is\n on 80.", "The server is on 80."),
        ("First line.\nSecond", "First line. Second one.", "First line.\nSecond one."),
        ("The server is on", "\n\nThe server is on 80.", "The server is on 80."),
        ("It is on", " on the roof", "It is on on the roof"),
        ("Hel", "lo.", "Hello."),
        ("ab", "ab", "abab"),
        ("", "The server.", "The server."),
        ("The server.", "", "The server."),
        ("   ", "x", "   x"),
        ("See (port", "(port 80)", "See (port 80)"),
        ("Grüße aus", "Grüße aus Köln", "Grüße aus Köln"),
        ("- one\n- two", "- two\n- three", "- one\n- two\n- three"),
    ],
)
def test_a_continuation_is_joined_without_what_it_repeats(said: str, continuation: str, whole: str) -> None:
    assert _joined(said, [continuation]) == whole
    assert _joined(said, list(continuation)) == whole


WORDS = st.lists(st.from_regex(r"[a-z]{1,7}[0-9]{3}", fullmatch=True), min_size=4, max_size=20, unique=True)


@given(words=WORDS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_for_every_word_from_which_a_model_repeats_nothing_is_said_twice_or_lost(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    cut = data.draw(st.integers(1, len(text)))
    starts = [0, *(at + 1 for at, sign in enumerate(text[:cut]) if sign == " " and at + 1 < cut)]
    back = data.draw(st.sampled_from([at for at in starts if len(text[at:cut].strip()) >= 3] or [cut]))
    rest = text[back:]
    borders = sorted(data.draw(st.lists(st.integers(0, len(rest)), max_size=5)))
    pieces = [rest[a:b] for a, b in itertools.pairwise([0, *borders, len(rest)])]
    assert _joined(text[:cut], pieces) == text


@given(said=st.text("ab .\n", max_size=30), rest=st.text("ab .\n", max_size=30), data=st.data())
@settings(max_examples=150, deadline=None)
def test_for_every_split_the_same_is_cut(said: str, rest: str, data: st.DataObject) -> None:
    borders = sorted(data.draw(st.lists(st.integers(0, len(rest)), max_size=5)))
    pieces = [rest[a:b] for a, b in itertools.pairwise([0, *borders, len(rest)])]
    assert _joined(said, pieces) == _joined(said, [rest])


def test_text_is_held_back_only_while_it_may_be_a_repetition() -> None:
    overlap = Overlap("The server listens on")
    assert overlap.feed("The ser") == ""
    assert overlap.feed("vice ") == "The service "
    assert overlap.feed("listens") == "listens"


def test_a_repetition_is_looked_for_within_a_bound() -> None:
    said = "".join(f"word{n:05} " for n in range(BOUND))
    near, far = said[-BOUND // 2 :], said[-BOUND * 2 :]
    assert _joined(said, [near, "end"]) == said + "end"
    assert _joined(said, [far, "end"]) == said + far + "end"


@pytest.mark.parametrize(
    ("said", "continuation"),
    [
        ("It l", "listens"),
        ("It l", "lama"),
        ("日本語の文", "文章です"),
        ("これは文章", "文章です"),
        ("สวัสดีค", "ครับ"),
        ("ab", "ab"),
        ("had", " had enough"),
        ("the ", "the so"),
        ("The server is", "server is on"),
        ("no no no", " no no no no"),
        ("0, 0, 0, 0, 0, 0, 0, 0, 0,", " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"),
        ("|---|---|---|---|---|---|", "---|---|---|---|---|"),
        ("port 80", "8080"),
        ("port 808", "80880"),
        ("unhappy", "happy"),
        ("the mur", "mur"),
        ("The server listens on port 8080", "The server lis"),
        ("Ends in s", "so"),
    ],
)
def test_where_it_cannot_be_told_what_is_repeated_it_says_so(said: str, continuation: str) -> None:
    for pieces in ([continuation], list(continuation)):
        overlap = Overlap(said)
        known = [overlap.unclear for piece in pieces if overlap.feed(piece)]
        overlap.close()
        assert overlap.unclear
        assert all(known), "something was returned before it was known"


@pytest.mark.parametrize(
    ("said", "continuation"),
    [
        ("The server lis", "tens on 80."),
        ("The server lis", "listens on 80."),
        ("The server listens", " on 80."),
        ("The server listens ", "on 80."),
        ("The server listens on", "The server listens on 80."),
        ("The server listens to", " of"),
        ("The server listens on ", "a port"),
        ("日本語の文", "章です"),
        ("このサーバーはポート八千八十で", "このサーバーはポート八千八十で待ちます"),
        ("The server.", ""),
        ("", "x"),
    ],
)
def test_where_it_can_be_told_it_is_joined(said: str, continuation: str) -> None:
    overlap = Overlap(said)
    overlap.feed(continuation)
    overlap.close()
    assert not overlap.unclear


SOME = "the a on of no had server listens port lamp llama mur la 8080 80 8 . , 日本語 の 文 文章 です。 ค รับ".split()
JOINTS = st.sampled_from([" ", " ", " ", "", "\n"])


@pytest.mark.fuzz
@given(st.data())
def test_what_is_joined_is_what_was_meant(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.tuples(st.sampled_from(SOME), JOINTS), min_size=2, max_size=14))
    meant = "".join(word + joint for word, joint in parts).strip() + " so it is."
    cut = data.draw(st.integers(1, len(meant) - 1))
    # The second model says it from the cut on, or once more from where a word before it begins.
    words = [match.start() for match in re.finditer(r"(?<!\S)\S|(?<=[の文語。])\S", meant[:cut])]
    begin = data.draw(st.sampled_from([cut, cut, *words]))
    said, rest = meant[:cut], meant[begin:]
    pieces = [
        rest[a:b]
        for a, b in itertools.pairwise([0, *sorted(data.draw(st.lists(st.integers(0, len(rest))))), len(rest)])
    ]
    overlap = Overlap(said)
    joined = said + "".join([*(overlap.feed(piece) for piece in pieces), overlap.close()])
    event("unclear" if overlap.unclear else "repeated" if begin < cut else "went on")
    assert overlap.unclear or joined.split() == meant.split()
