from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Action, Outgoing
from citeward.guardrails.build import build_rails
from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.stream import Release, Stage
from citeward.guardrails.table import Thresholds
from citeward.guardrails.vault import Restorer, Vault
from citeward.testing.suites.guardrail import check_stream_guard

find = finder(floor=0.4)


def release(limits, vault):
    guard = SpanGuard(find, limits)
    return Release([Stage(name="pii", guard=guard, thresholds=limits), Stage(name="vault", guard=Restorer(vault))])


VAULT = Vault.load({"<EMAIL_1>": "ada@example.com", "<EMAIL_12>": "bob@example.com"})
TEXT = "Dear <EMAIL_1>, write to eve@example.com or <EMAIL_12> <EMAIL_2> <EM"


@given(st.lists(st.integers(min_value=0, max_value=len(TEXT)), max_size=20))
def test_own_values_come_back_and_others_stay_out_however_the_text_is_split(cuts):
    guarded = check_stream_guard(lambda: release(Thresholds(modify=0.4), VAULT), TEXT, cuts)
    assert guarded == "Dear ada@example.com, write to [EMAIL] or bob@example.com <EMAIL_2> <EM"


def test_a_stopped_stream_says_so_and_returns_nothing_more():
    stream = release(Thresholds(block=0.4), VAULT)
    assert stream.feed("Ask <EMAIL_1> or eve@example.com, ") == "Ask ada@example.com or "
    assert stream.stopped
    assert stream.feed("more") + stream.close() == ""
    (verdict,) = stream.verdicts
    assert (verdict.action, verdict.guard, verdict.text) == (Action.BLOCK, "pii", "")
    assert "eve" not in verdict.reason


def test_closing_twice_returns_nothing_the_second_time():
    stream = release(Thresholds(modify=0.4), VAULT)
    assert stream.feed("half a wor") + stream.close() == "half a wor"
    assert stream.close() == ""


def test_with_no_stage_the_text_passes_through():
    stream = Release([])
    assert (stream.feed("as it is"), stream.close(), stream.holdback) == ("as it is", "", 0)


def test_the_default_policy_guards_the_models_stream():
    stream = build_rails().stream(outgoing=Outgoing(question="I am ada@example.com"))
    assert stream.feed("ada@example.com and eve@example.com") + stream.close() == "ada@example.com and [EMAIL]"
    assert [verdict.action for verdict in stream.verdicts] == [Action.MODIFY]
