from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.classifier.windows import PARAGRAPH, SENTENCE, lines, parts

TEXTS = st.text(alphabet="ab .!?\n|é", max_size=3_000)


@given(TEXTS)
def test_every_character_that_is_drawn_lies_in_exactly_one_part(text):
    for cut, size in ((parts, PARAGRAPH), (lines, SENTENCE)):
        spans = cut(text)
        assert all(span.end - span.start <= size for span in spans)
        assert all(a.end <= b.start for a, b in pairwise(spans))
        covered = {place for span in spans for place in range(span.start, span.end)}
        assert all(place in covered or char.isspace() or char == "|" for place, char in enumerate(text))


def test_a_long_text_is_cut_between_words():
    text = "word " * 500
    assert all(text[span.end : span.end + 1] in (" ", "") for span in parts(text))


def test_sentences_lines_and_cells_are_lines():
    text = "One. Two!\nthree|four"
    assert [span.of(text) for span in lines(text)] == ["One.", "Two!", "three", "four"]


def test_a_blank_text_has_none():
    assert parts(" \n ") == lines(" \n ") == []
