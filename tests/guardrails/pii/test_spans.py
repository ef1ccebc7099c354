import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_stream_guard

find = finder(floor=0.4)
SECRETS = ["ada@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "ghp_" + "a1B2" * 120]
PROSE = ["The treaty of 1648,", "was signed.", "Call", "\n", "12 34", "x" * 270]
TEXTS = st.lists(st.one_of(st.sampled_from(SECRETS), st.sampled_from(PROSE)), max_size=7).map(lambda p: " and ".join(p))


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(st.integers(min_value=0, max_value=800), max_size=10))
def test_every_split_gives_the_same_guarded_text_without_a_secret(text, cuts):
    guarded = check_stream_guard(lambda: SpanGuard(find, Thresholds(modify=0.4)), text, cuts)
    assert not any(secret in guarded for secret in SECRETS)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(st.integers(min_value=0, max_value=800), max_size=10))
def test_a_block_stops_before_the_first_character_of_the_span(text, cuts):
    guarded = check_stream_guard(lambda: SpanGuard(find, Thresholds(block=0.4)), text, cuts)
    first = min((text.index(secret) for secret in SECRETS if secret in text), default=len(text))
    assert guarded == text[:first]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_prefix_of_the_output_ever_holds_a_forbidden_character(secret):
    text = f"Say: {secret} now"
    guard = SpanGuard(find, Thresholds(modify=0.4))
    out = ""
    for char in text:
        out += guard.feed(char)
        assert secret[:4] not in out
    out += guard.close()
    assert out.startswith("Say: [") and out.endswith("] now")


def test_what_the_user_wrote_or_a_passage_says_may_be_repeated():
    allowed = ["My mail is Ada@Example.com.", "Server 10.0.0.17 is down."]
    text = "I wrote to ada@example.com about 10.0.0.17, not 10.0.0.1 or eva@example.com."
    guard = SpanGuard(find, Thresholds(modify=0.4), allowed=allowed)
    assert guard.feed(text) + guard.close() == "I wrote to ada@example.com about 10.0.0.17, not [IP] or [EMAIL]."
    assert [finding.kind for finding in guard.findings] == ["IP_ADDRESS", "EMAIL_ADDRESS"]


def test_a_flag_lets_the_span_pass_and_notes_it():
    guard = SpanGuard(find, Thresholds(flag=0.4))
    text = "mail ada@example.com now"
    assert guard.feed(text) + guard.close() == text
    assert [(f.start, f.end) for f in guard.findings] == [(5, 20)]
