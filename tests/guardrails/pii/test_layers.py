import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_stream_guard

find = finder(floor=0.4)
_NAMES = re.compile(r"Ada (?:Lovelace|ada@example\.com)|\d+ \w+ Street(?:, \S+ \S+ Rome)?|Bob")


def names(text: str, before: str = "", /) -> list[Finding]:
    return [Finding(kind="PERSON", start=match.start(), end=match.end()) for match in _NAMES.finditer(text)]


SECRETS = ["Ada Lovelace", "ada@example.com", "4111 1111 1111 1111", "ghp_" + "a1B2" * 90, "Bob", "74 Long Street"]
PARTS = st.lists(
    st.one_of(
        st.sampled_from(SECRETS),
        st.sampled_from(
            [
                "Ada ada@example.com",
                "9 Old Street, (415) 555-2671 Rome",
                ". ",
                "! ",
                "\n\n",
                "and then",
                "x" * 270,
                "7 " * 60,
            ]
        ),
        st.text(alphabet="ab .,\n19@", max_size=8),
    ),
    max_size=9,
).map(" ".join)
CUTS = st.lists(st.integers(min_value=0, max_value=1_500), max_size=12)


def guard(**limits):
    return SpanGuard(find, Thresholds(**limits), names=names)


@settings(max_examples=200, deadline=None)
@given(PARTS, CUTS)
def test_every_split_gives_the_same_text_and_findings_without_a_secret(text, cuts):
    guarded = check_stream_guard(lambda: guard(modify=0.4), text, cuts)
    assert not any(secret in guarded for secret in SECRETS)


@settings(max_examples=60, deadline=None)
@given(PARTS)
def test_one_character_at_a_time_gives_what_the_whole_text_gives(text):
    stream = guard(flag=0.4)
    assert "".join([*map(stream.feed, text), stream.close()]) == text
    assert stream.findings == scan(text, find, names)


@settings(max_examples=100, deadline=None)
@given(PARTS, CUTS)
def test_a_block_stops_before_the_first_forbidden_character(text, cuts):
    guarded = check_stream_guard(lambda: guard(block=0.4), text, cuts)
    first = next((finding.start for finding in scan(text, find, names)), len(text))
    assert guarded == text[:first]


@settings(max_examples=100, deadline=None)
@given(PARTS, CUTS)
def test_what_may_be_repeated_is_judged_by_the_whole_span_however_it_is_split(text, cuts):
    allowed = ["Ada Lovelace wrote to ada@example.com from 74 Long Street"]
    check_stream_guard(lambda: SpanGuard(find, Thresholds(modify=0.4), names=names, allowed=allowed), text, cuts)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_character_of_a_forbidden_span_ever_leaves(secret):
    stream = guard(modify=0.4)
    out = ""
    for char in f"Say: {secret} now. ":
        out += stream.feed(char)
        assert secret[:3] not in out
    out += stream.close()
    assert out.startswith("Say: [") and out.endswith("] now. ")


def test_a_pattern_inside_a_name_is_found_and_the_name_keeps_its_rest():
    text = "Meet Ada ada@example.com."
    assert [(f.kind, text[f.start : f.end]) for f in scan(text, find, names)] == [
        ("PERSON", "Ada "),
        ("EMAIL_ADDRESS", "ada@example.com"),
    ]


def test_without_names_a_word_leaves_at_once_and_with_them_a_sentence():
    plain, named = SpanGuard(find, Thresholds(modify=0.4)), guard(modify=0.4)
    assert plain.feed("It works well. But ") == "It works well. But "
    assert named.feed("It works well") == ""
    assert named.feed(". But ") == "It works well."
    assert (plain.holdback, named.holdback) == (256, 512)
