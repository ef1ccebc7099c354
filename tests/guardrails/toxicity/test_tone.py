import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Finding
from citeward.guardrails.table import Thresholds
from citeward.guardrails.toxicity.tone import LEAST, MOST, ToneGuard
from citeward.testing.suites.guardrail import check_stream_guard

CALM = "The weather in the north stays mild, and the ferries sail as planned for the whole of the week. " * 3
RUDE = "You are a turnip, and so is everybody who ever sat down with you at one table in this town. " * 3
LIMITS = [Thresholds(flag=0.5), Thresholds(modify=0.5), Thresholds(flag=0.2, block=0.5)]


def judge(text):
    return Finding(kind="harassment", start=0, end=len(text), score=0.6) if "turnip" in text else None


@pytest.mark.parametrize("limits", LIMITS)
@given(data=st.data())
def test_the_split_does_not_matter(limits, data):
    text = (
        data.draw(st.text(alphabet='a .!?\n"', max_size=900)) + RUDE + data.draw(st.sampled_from(["", CALM, "x" * 900]))
    )
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    check_stream_guard(lambda: ToneGuard(judge, limits), text, cuts)


def test_where_it_only_flags_nothing_is_held_back():
    guard = ToneGuard(judge, Thresholds(flag=0.5))
    assert [guard.feed(piece) for piece in ("You are", " a turnip")] == ["You are", " a turnip"]
    assert (guard.close(), guard.holdback) == ("", 0)
    (finding,) = guard.findings
    assert (finding.start, finding.end) == (0, 16)


def test_no_character_of_a_blocked_unit_leaves():
    guard = ToneGuard(judge, Thresholds(block=0.5))
    assert guard.feed(CALM + RUDE + CALM) == CALM
    assert guard.stopped
    assert guard.feed("more") + guard.close() == ""
    (finding,) = guard.findings
    assert (CALM + RUDE)[finding.start : finding.end] == RUDE


def test_a_rewritten_unit_leaves_a_mark_and_its_white_space():
    guard = ToneGuard(judge, Thresholds(modify=0.5))
    assert guard.feed(RUDE + CALM) + guard.close() == "[removed] " + CALM


def test_a_text_without_sentences_is_judged_in_bounded_units():
    seen = []
    guard = ToneGuard(lambda unit: seen.append(unit), Thresholds(block=0.5))
    text = "word " * 500
    assert guard.feed(text) + guard.close() == text
    assert all(len(unit) <= MOST for unit in seen)
    assert all(len(unit) >= LEAST for unit in seen[:-1])
