import pytest

from citeward.guardrails.pii.ner import people


def of(text, spans):
    return list(dict.fromkeys(span.of(text) for span in spans))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My name is Ada Lovelace and I count.", ["Ada Lovelace"]),
        ("Dear Grete Hermann, the proof", ["Grete Hermann"]),
        ("John F. Kennedy spoke", ["John F. Kennedy"]),
        ("His name is not known. Call me tomorrow.", []),
        ("Hello World Bank", ["World Bank"]),
        ("Kepler, could you look?", ["Kepler"]),
        ("This is the name: Emmy Noether's theorem", ["Emmy Noether"]),
    ],
)
def test_what_stands_around_a_name_makes_it_certain(text, found):
    assert of(text, people.surely(text)) == found


def test_an_honorific_and_its_name_are_two_findings():
    text = "Dr. Lise Meitner met Mrs Curie"
    assert [(one.title.of(text), one.name and one.name.of(text)) for one in people.titled(text)] == [
        ("Dr.", "Lise Meitner"),
        ("Mrs", "Curie"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Acme Widgets Inc. sued Smith, Wesson and Colt", ["Acme Widgets Inc.", "Smith, Wesson and Colt"]),
        ("The University of Oslo hired her", ["University of Oslo"]),
        ("Ada, Grace and Emmy met", []),
        ("He works for Globex as a clerk", ["Globex"]),
    ],
)
def test_bodies_are_told_by_their_last_word_or_by_who_works_there(text, found):
    assert of(text, people.bodies(text)) == found


def test_a_job_is_found_where_the_text_says_that_it_is_one():
    text = "She works as a marine biologist. Boats carry many sailors and a nurse."
    assert of(text, people.jobs(text)) == ["marine biologist"]
