from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.text.sentences import sentences


def _split(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. It is fast!", ["It works.", "It is fast!"]),
        (
            "Dr. No and J. Smith met in the U.S. Army. They left.",
            ["Dr. No and J. Smith met in the U.S. Army.", "They left."],
        ),
        ("It costs 3.5 dollars, e.g. for tea. Fine?", ["It costs 3.5 dollars, e.g. for tea.", "Fine?"]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("# Title\n\nFirst line\ngoes on. Second.", ["# Title", "First line\ngoes on.", "Second."]),
        ("- one item\n- another item", ["- one item", "- another item"]),
        ("1. Install it.\n2. Run it.", ["1. Install it.", "2. Run it."]),
        ("第一句。第二句！", ["第一句。", "第二句！"]),
        ("Call `a.b()` now... Then wait.", ["Call `a.b()` now...", "Then wait."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert _split(text) == expected


@given(st.text(alphabet=st.characters(), max_size=300) | st.text(alphabet="aB1. \n-#!?\"'|`", max_size=200))
def test_every_visible_character_lies_in_exactly_one_sentence(text: str) -> None:
    spans = sentences(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    covered = {i for span in spans for i in range(span.start, span.end)}
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert all(not span.of(text)[0].isspace() and not span.of(text)[-1].isspace() for span in spans)


def test_code_opens_a_sentence_and_a_wrapped_line_does_not_become_a_list() -> None:
    assert _split("It has modes. `flag` shows it.") == ["It has modes.", "`flag` shows it."]
    assert _split("It is fast and\n*really* small\n-5 degrees") == ["It is fast and\n*really* small\n-5 degrees"]
