from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.classifier.windows import PARAGRAPH, SENTENCE, lines, parts

TEXTS = st.text(alphabet="Aab .!?\n|é", max_size=3_000)


@given(TEXTS)
def test_every_character_that_is_drawn_lies_in_exactly_one_part(text):
    spans = parts(text)
    assert all(span.end - span.start <= PARAGRAPH for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    covered = {place for span in spans for place in range(span.start, span.end)}
    assert all(place in covered or char.isspace() or char == "|" for place, char in enumerate(text))


@given(TEXTS)
def test_lines_are_bounded_and_in_order(text):
    spans = lines(text)
    assert all(span.start < span.end <= span.start + SENTENCE for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_a_long_text_is_cut_between_words():
    text = "word " * 500
    assert all(text[span.end : span.end + 1] in (" ", "") for span in parts(text))


def told(text):
    return [span.of(text).strip() for span in lines(text)]


def test_sentences_and_what_begins_with_a_capital_are_lines():
    text = "One is here. Two is here!\nThree is here\nFour is here|Five is here"
    assert [line.strip("|") for line in told(text)] == [
        "One is here.",
        "Two is here!",
        "Three is here",
        "Four is here",
        "Five is here",
    ]


def test_a_wrapped_line_goes_on():
    assert told("The two lists are\nfused into one.") == ["The two lists are\nfused into one."]


def test_headings_and_cells_of_a_word_or_two_are_left_out():
    assert told("# Ports\n\n| name | size |\n\nThe server listens on port 8080.") == [
        "The server listens on port 8080."
    ]


def test_a_blank_text_has_none():
    assert parts(" \n ") == lines(" \n ") == []
