import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.scan import joined
from citeward.guardrails.pii.sentences import LONGEST, SentenceScanner

_NAME = re.compile(r"Ada(?: Lovelace)?|12 Main Street(?:,\s\w+)?")


def find(text: str, before: str = "", /) -> list[Finding]:
    """Names, and whatever follows "call me " even over the sentence's beginning."""
    found = [Finding(kind="NAME", start=match.start(), end=match.end()) for match in _NAME.finditer(text)]
    if before.endswith("call me?") and not found:
        found.append(Finding(kind="CALLED", start=0, end=min(4, len(text))))
    return found


PARTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Ada Lovelace",
                "12 Main Street, Rome",
                "Dr. ",
                "e.g. ",
                ". ",
                "? ",
                "call me? ",
                "\n",
                "\n\n",
                "word ",
                "。",
            ]
        ),
        st.sampled_from(["x" * 90, "x" * 300, "word " * 60, "...", "J. ", "19. ", ' said "no." ']),
        st.text(max_size=6),
    ),
    max_size=10,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(PARTS, st.lists(st.integers(min_value=0), max_size=12))
def test_every_split_finds_the_same_and_loses_nothing(text, cuts):
    whole = SentenceScanner(find)
    expected = [*whole.feed(text), *whole.close()]
    assert "".join(piece.text for piece in expected) == text
    scanner, pieces = SentenceScanner(find), []
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        pieces += scanner.feed(text[start:end])
        assert scanner.held <= LONGEST
    assert [*pieces, *scanner.close()] == expected


def heard(text):
    """What `find` is asked about."""
    asked = []
    scanner = SentenceScanner(lambda text, before="": asked.append(text) or [])
    scanner.feed(text)
    scanner.close()
    return asked


def test_a_sentence_leaves_when_it_has_ended():
    assert heard("It works. Dr. No, J. Doe and Prof. X agree! At no. 5? Yes") == [
        "It works.",
        " Dr. No, J. Doe and Prof. X agree!",
        " At no. 5?",
        " Yes",
    ]


def test_short_lines_stay_together_and_long_ones_part():
    assert heard("Ada Lovelace\n\n12 Main Street\nRome") == ["Ada Lovelace\n\n12 Main Street\nRome"]
    long = "a list of things " * 12
    assert heard(f"{long}\n- one") == [f"{long}\n", "- one"]


def test_a_name_in_the_middle_of_a_sentence_without_end_is_found_once():
    text = "word " * 24 + "Ada Lovelace " + "word " * 80
    scanner = SentenceScanner(find)
    (finding,) = joined([*scanner.feed(text), *scanner.close()])
    assert text[finding.start : finding.end] == "Ada Lovelace"


def test_what_stands_before_is_shown_as_context():
    scanner = SentenceScanner(find)
    pieces = [*scanner.feed("Who will call me? Bob."), *scanner.close()]
    assert [piece.text for piece in pieces if piece.finding] == [" Bob"]
