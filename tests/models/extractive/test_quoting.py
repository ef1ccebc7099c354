import pytest

from citeward.contracts.context import FencedPassage
from citeward.models.extractive.evidence import Scored
from citeward.models.extractive.quoting import MARGIN, MOST, chosen, readable, written
from citeward.models.extractive.units import units


def _passages(*texts: str) -> list[FencedPassage]:
    return [FencedPassage(number=n, source="d.md", title="", text=text) for n, text in enumerate(texts, 1)]


def _answer(texts: list[str], **scores: float) -> str:
    """The answer where the units that hold these words score so much, and all others nothing."""
    scored = [
        Scored(
            passage=n,
            unit=unit,
            score=next((value for word, value in scores.items() if word in unit.span.of(text)), 0.0),
        )
        for n, text in enumerate(texts)
        for unit in units(text)
    ]
    return written(chosen(scored, texts), _passages(*texts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is\n  wrapped.", "It is wrapped."),
        ("|  3 | no\n  answer |", "3 | no answer"),
        ("> quoted\n> twice", "quoted twice"),
        ("See [the guide](a/b.md#c) now.", "See the guide now."),
        ("![logo](x.png) Hello there.", "Hello there."),
        ("It was shown [12], twice.[3][^4]", "It was shown, twice."),
        ("Take `rows[1]` and `see [2]`.", "Take `rows[1]` and `see [2]`."),
    ],
)
def test_a_sentence_reads_without_the_marks_of_its_page(text: str, expected: str) -> None:
    assert readable(text) == expected


def test_the_best_comes_alone_where_the_others_are_far_behind() -> None:
    assert _answer(["One is far. Two is near."], Two=9, One=9 - 2 * MARGIN) == "Two is near. [1]"


def test_sentences_stand_in_the_order_of_the_passages() -> None:
    texts = ["Alpha is first. Beta is second.", "Gamma is third."]
    assert _answer(texts, Gamma=9, Beta=8.9, Alpha=8.8) == "Alpha is first. [1] Beta is second. [1] Gamma is third. [2]"


def test_no_more_than_three_are_said_and_none_twice() -> None:
    texts = ["Alpha is first. Beta is second.", "Alpha is first. Gamma is third. Delta is fourth."]
    answer = _answer(texts, Alpha=9, Beta=8.9, Gamma=8.8, Delta=8.7)
    assert answer.count("Alpha") == 1
    assert answer.count("[") == MOST


def test_a_pronoun_brings_the_sentence_it_points_at() -> None:
    text = "The lock was dug in May. It took nine years. Herring is landed here."
    assert _answer([text], nine=9) == "The lock was dug in May. [1] It took nine years. [1]"


def test_code_follows_its_sentence_and_its_marker() -> None:
    text = "Start it:\n\n```sh\nmake demo\n```\n\nThen wait for it."
    answer = _answer([text], Start=9, wait=8.9)
    assert answer == "Start it: [1]\n\n```sh\nmake demo\n```\n\nThen wait for it. [1]"


def test_code_alone_has_its_marker_on_a_line_of_its_own() -> None:
    assert _answer(["## Run\n\n```sh\nmake demo\n```"], make=9) == "```sh\nmake demo\n```\n[1]"


def test_a_list_comes_with_its_lead_and_every_item_is_marked() -> None:
    text = "There are two ways:\n\n- by hand\n- by script"
    assert _answer([text], ways=9, hand=8.9) == "There are two ways: [1]\n\n- by hand [1]\n- by script [1]"


def test_items_and_rows_have_lines_of_their_own() -> None:
    text = "- one way here\n- other way there\n\n| a | first row |\n|---|---|\n| b | second row |"
    assert _answer([text], one=9, other=8.9, second=8.8) == (
        "- one way here [1]\n- other way there [1]\n- b | second row [1]"
    )
    assert _answer([text], one=9) == "one way here [1]"


def test_a_sentence_without_a_full_stop_is_parted_from_the_next() -> None:
    answer = _answer(["Sort them. Type `Get-Item | Sort-Object`", "`Sort-Object` sorts what it gets."], Type=9, gets=9)
    assert answer == "Type `Get-Item | Sort-Object` [1]\n\n`Sort-Object` sorts what it gets. [2]"
