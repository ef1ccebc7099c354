from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.scan import HOLDBACK, Scanner

find = finder(floor=0.4)
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
SAMPLES = [
    "ada.lovelace@example.com",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
    "192.168.17.23",
    "(415) 555-2671",
    "+44 20 7946 0958",
    "536-90-4399",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    "ghp_" + "a1B2" * 9,
    "ghp_" + "a1B2" * 200,
    f"{KEY}\nMIIEpAIBAAKCAQEA7\n  b3n0YXJlYWxrZXk\n-----END RSA PRIVATE KEY-----",
    KEY + "\\nMIIEpAIBAAKCAQEA7" * 40,
]
PROSE = [
    "The treaty",
    "of",
    "1648,",
    "was signed",
    "\n",
    "  ",
    "(see",
    "p. 12)",
    "x" * 300,
    "日本語。",
    "7 " * 90,
    "-",
    "A B",
]
TEXTS = st.lists(st.one_of(st.sampled_from(SAMPLES), st.sampled_from(PROSE), st.text(max_size=12)), max_size=8).map(
    lambda parts: " ".join(parts)
)


def pieces(text, cuts):
    scanner = Scanner(find)
    out = []
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        out += scanner.feed(text[start:end])
        assert scanner.held <= HOLDBACK
    return out + scanner.close()


def found(all_pieces):
    """Spans with what follows them joined on."""
    out = []
    for piece in all_pieces:
        if piece.finding and piece.more:
            kind, start, _ = out.pop()
            out.append((kind, start, piece.finding.end))
        elif piece.finding:
            out.append((piece.finding.kind, piece.finding.start, piece.finding.end))
    return out


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(st.integers(min_value=0), max_size=12))
def test_every_split_finds_the_same_and_loses_nothing(text, cuts):
    out = pieces(text, cuts)
    assert "".join(piece.text for piece in out) == text
    assert found(out) == [(f.kind, f.start, f.end) for f in scan(text, find)]


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_one_character_at_a_time_finds_the_same(text):
    assert found(pieces(text, range(len(text)))) == [(f.kind, f.start, f.end) for f in scan(text, find)]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(SAMPLES[:9]), st.sampled_from(["and", "the house,", "sold it.", "\n"])), max_size=8
    )
)
def test_looking_segment_by_segment_finds_what_looking_at_the_whole_text_finds(parts):
    text = " and so ".join(parts)
    assert scan(text, find) == tuple(find(text))


def test_a_plain_word_leaves_as_soon_as_it_is_complete():
    scanner = Scanner(find)
    assert "".join(piece.text for piece in scanner.feed("The treaty wa")) == "The treaty "
    assert scanner.held == 2


def test_a_key_is_followed_to_its_end_and_no_further():
    text = f"Here:\n{SAMPLES[11]}\nKeep it safe."
    (finding,) = scan(text, find)
    assert text[finding.start : finding.end] == SAMPLES[11]


def test_a_span_in_the_middle_of_a_long_run_of_numbers_is_found():
    text = "7 " * 150 + "ada@example.com " + "7 " * 150
    assert [text[f.start : f.end] for f in scan(text, find)] == ["ada@example.com"]
