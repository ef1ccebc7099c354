from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.citations.markers import MarkerStream, Sentence, numbers


def read(text: str, passages: int = 5, cuts: tuple[int, ...] = ()) -> list[Sentence]:
    stream = MarkerStream(passages)
    borders = [0, *sorted({min(cut, len(text)) for cut in cuts}), len(text)]
    found = [s for a, b in pairwise(borders) for s in stream.feed(text[a:b])]
    return found + stream.close()


def cited(text: str, passages: int = 5) -> list[tuple[str, tuple[int, ...]]]:
    return [(s.text, tuple(n for c in s.clauses for n in c.numbers)) for s in read(text, passages) if s.clauses]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is fast. [1] It is small. [2]", [("It is fast.", (1,)), ("It is small.", (2,))]),
        ("It is fast [1]. It is small [2].", [("It is fast.", (1,)), ("It is small.", (2,))]),
        ("It is fast.[1][2] Yes.", [("It is fast.", (1, 2))]),
        ("It is fast. [1, 3] Yes.", [("It is fast.", (1, 3))]),
        ("It is fast. [2-4]", [("It is fast.", (2, 3, 4))]),
        ("It is fast [1], and small [2].", [("It is fast, and small.", (1, 2))]),
        ("It was built in 1999[1].", [("It was built in 1999.", (1,))]),
        ("Look at the rows[2].", [("Look at the rows.", (2,))]),
        ("- one item [1]\n- another item [2]", [("- one item", (1,)), ("- another item", (2,))]),
        ("Run this: [1]\n\n```sh\npip install x[1]\n```\nThen wait.", [("Run this:", (1,))]),
        ("```sh\nmake\n```\n[2]", [("```sh\nmake\n```", (2,))]),
        # A backtick too many in a quoted text: what lies between two spans of code is no code.
        (
            "Both `$_` and '$x` are it. [1] Now `$_` is it. [2]",
            [("Both `$_` and '$x` are it.", (1,)), ("Now `$_` is it.", (2,))],
        ),
        ("Dr. No [1] left the U.S. Army. [2]", [("Dr. No left the U.S. Army.", (1, 2))]),
    ],
)
def test_markers_belong_to_the_sentence_they_stand_in_or_follow(
    text: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert cited(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "See [1](https://example.org) there.",
        "An [x] and [y1] and [] here.",
        "Take a[1] or my_rows[2] or getRows[3] or df.rows[1] now.",
        "Call `rows [1]` first.",
        "```\nsome code [1]\n```\nThe end.",
        "Passage [6] is not there, nor is [0] or [1999].",
        "This never ends [1",
    ],
)
def test_what_only_looks_like_a_marker_is_text(text: str) -> None:
    assert cited(text) == []


def test_each_part_of_a_sentence_has_its_own_numbers() -> None:
    (sentence,) = read("Redis is fast [1], and Postgres keeps data [2][3].")
    assert [(clause.text, clause.numbers) for clause in sentence.clauses] == [
        ("Redis is fast", (1,)),
        ("and Postgres keeps data", (2, 3)),
    ]


def test_a_sentence_is_reported_when_the_next_one_begins_and_not_before() -> None:
    stream = MarkerStream(3)
    assert (
        stream.feed("It works") == stream.feed(".") == stream.feed(" [") == stream.feed("1") == stream.feed("] ") == []
    )
    (sentence,) = stream.feed("Then")
    assert (sentence.text, sentence.start, sentence.end) == ("It works.", 0, 13)


def test_a_range_names_every_passage_in_it_and_an_endless_one_does_not_run_away() -> None:
    assert numbers("[2-4]") == (2, 3, 4)
    assert len(numbers("[1-999]")) == 21


_PIECES = st.sampled_from(
    [
        "It is so. ",
        "Not here [1]. ",
        "And [2], then [3]. ",
        "[1]",
        "[2][3] ",
        "[1",
        "] ",
        "(x) ",
        "\n- an item ",
        "\n\n",
        "```\n",
        "`a[1]` ",
        "`a. B ",
        "` ",
        "``",
        "e.g. that ",
        "3.5 ",
        "Why? ",
        "# Head\n",
        "a[1] ",
        "word ",
        ". ",
        "! ",
    ]
)


@given(st.lists(_PIECES, max_size=14).map("".join), st.lists(st.integers(0, 120), max_size=12))
def test_the_same_sentences_are_found_wherever_the_text_is_cut(text: str, cuts: list[int]) -> None:
    assert read(text, cuts=tuple(cuts)) == read(text)


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_sentences_come_in_order_and_never_overlap(text: str) -> None:
    at = 0
    for sentence in read(text, cuts=tuple(range(len(text)))):
        assert at <= sentence.start < sentence.end <= len(text)
        at = sentence.end
