"""Guards of streams that fail: the stream ends or passes as the policy says, and nothing is raised."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Action, Finding, Origin, Outgoing
from citeward.guardrails import stage as stage_module
from citeward.guardrails.active.links import LinkGuard
from citeward.guardrails.build import build_rails
from citeward.guardrails.failure import broken_findings
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.policy import Rails, Row
from citeward.guardrails.stage import Stage
from citeward.guardrails.stream import Release
from citeward.guardrails.table import GuardRule, Policy, Thresholds
from citeward.guardrails.vault import Restorer, Vault
from citeward.guardrails.withheld.leakage import LeakageGuard
from citeward.guardrails.withheld.secrets import SecretsGuard
from citeward.testing.suites.stream_guard import cuts, pieces

LIMITS = Thresholds(modify=0.4)
TEXT = "The harbour opens at seven and its keeper writes to ada@example.com on Fridays."


class Upper:
    """Writes in capitals and holds back the last five characters; fails at the one that it cannot stand."""

    holdback = 5
    findings = ()

    def __init__(self, bad="", fail=lambda: None):
        self.bad, self.fail, self._kept = bad, fail, ""

    @property
    def held(self):
        return len(self._kept)

    def feed(self, text):
        if self.bad and self.bad in text:
            return self.fail()
        text = self._kept + text
        self._kept = text[-5:]
        return text[:-5].upper()

    def close(self):
        if not self.bad:
            return self.fail()
        kept, self._kept = self._kept, ""
        return kept.upper()


def raises():
    raise ValueError("ada@example.com")


FAILS = pytest.mark.parametrize("fail", [raises, lambda: None, lambda: 7, lambda: b"x"])


def released(stage, text, at=()):
    out = [stage.feed(piece) for piece in pieces(text, at)]
    return "".join([*out, stage.close()])


@FAILS
@pytest.mark.parametrize("bad", ["@", ""])
@given(data=st.data())
def test_a_closed_one_ends_the_stream_and_leaks_nothing_of_what_it_had(fail, bad, data):
    at = data.draw(cuts(TEXT))
    stream = Release([Stage(name="upper", guard=Upper(bad, fail), on_error="closed")])
    out = released(stream, TEXT, at)
    assert TEXT.upper().startswith(out)
    assert "@" not in out or not bad
    assert stream.stopped
    (verdict,) = stream.verdicts
    assert (verdict.guard, verdict.action, verdict.text) == ("upper", Action.BLOCK, "")
    assert "ada" not in verdict.reason


@FAILS
@pytest.mark.parametrize("bad", ["@", ""])
@given(data=st.data())
def test_an_open_one_lets_the_rest_pass_as_it_came_and_loses_nothing(fail, bad, data):
    at = data.draw(cuts(TEXT))
    stream = Release([Stage(name="upper", guard=Upper(bad, fail), on_error="open")])
    assert released(stream, TEXT, at).lower() == TEXT.lower()
    assert not stream.stopped
    (verdict,) = stream.verdicts
    assert verdict.action is Action.FLAG


@given(data=st.data())
def test_what_a_guard_keeps_is_known_without_its_word_while_it_rewrites_nothing(data):
    class Silent:
        holdback = 5
        findings = ()
        kept = ""

        def feed(self, text):
            if "@" in text:
                raises()
            text = self.kept + text
            self.kept = text[-5:]
            return text[:-5]

        def close(self):
            return self.kept

    stage = Stage(name="silent", guard=Silent(), on_error="open")
    assert released(stage, TEXT, data.draw(cuts(TEXT))) == TEXT


@pytest.mark.parametrize(("on_error", "action"), [("closed", Action.BLOCK), ("open", Action.FLAG)])
def test_findings_that_are_none_are_a_failure_too(on_error, action):
    class Odd(Upper):
        findings = ("an address",)

    stage = Stage(name="odd", guard=Odd("@", raises), on_error=on_error)
    released(stage, "no sign here")
    verdict = stage.verdict(Origin.MODEL)
    assert verdict is not None
    assert verdict.action is action


class Finds:
    """Lets all pass, and says of the second piece that it found something at an odd place, or with an odd score."""

    holdback = 0

    def __init__(self, **fields):
        self._fields = {"kind": "ODD", "start": 0, "end": 5, **fields}
        self.findings = ()

    def feed(self, text):
        if text.startswith("two"):
            self.findings = (Finding(**self._fields),)
        return text

    def close(self):
        return ""


ODD = [
    {"score": float("nan")},
    {"score": 1.01},
    {"score": -1},
    {"score": "1"},
    {"start": 0.0},
    {"start": True},
    {"start": -1},
    {"start": 3, "end": 2},
    {"end": 9},
    {"kind": ""},
]


@pytest.mark.parametrize("fields", ODD)
@pytest.mark.parametrize(("on_error", "whole"), [("closed", "one "), ("open", "one two three")])
def test_findings_that_make_no_sense_are_noticed_before_the_text_leaves(fields, on_error, whole):
    stream = Release([Stage(name="finds", guard=Finds(**fields), thresholds=LIMITS, on_error=on_error)])
    out = [stream.feed(piece) for piece in ("one ", "two ", "three")]
    assert out[1] == ("" if on_error == "closed" else "two ")
    assert "".join([*out, stream.close()]) == whole
    assert [v.action for v in stream.verdicts] == [Action.BLOCK if on_error == "closed" else Action.FLAG]


@pytest.mark.parametrize(("on_error", "whole"), [("closed", ""), ("open", "all of it")])
def test_findings_that_cannot_be_read_are_noticed_before_the_text_leaves(on_error, whole):
    class Unreadable(Finds):
        @property
        def findings(self):
            raise ValueError("all of it")

        @findings.setter
        def findings(self, value):
            pass

    stream = Release([Stage(name="finds", guard=Unreadable(), on_error=on_error)])
    assert released(stream, "all of it", [4]) == whole
    assert len(stream.verdicts) == 1


@pytest.mark.parametrize(("on_error", "rest"), [("closed", ""), ("open", "all of it")])
def test_one_that_cannot_be_made_fails_at_the_first_piece(on_error, rest):
    class Broken:
        name = "broken"

        def stream(self, origin, outgoing, /):
            raise OSError("no file")

        async def check(self, text, /, *, origin):
            raise NotImplementedError

    rule = GuardRule(name="broken", origins={Origin.MODEL: LIMITS}, on_error=on_error)
    stream = Rails(Policy(version=1, guards=(rule,)), [Row(guard=Broken(), rule=rule)]).stream()
    assert released(stream, "all of it") == rest
    assert len(stream.verdicts) == 1


@pytest.mark.parametrize(("on_error", "whole"), [("closed", "ONE TWO "), ("open", "ONE TWO THREE four")])
def test_one_that_takes_too_long_is_asked_no_more(monkeypatch, on_error, whole):
    clock = iter([0.0, 9.0, 10.0, 10.1, 11.0, 20.0, 21.0, 21.1])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))

    class Slow:
        holdback = 0
        findings = ()
        asked = 0

        def feed(self, text):
            self.asked += 1
            return text.upper()

        def close(self):
            return ""

    slow = Slow()
    # The first piece may take long: something is loaded.
    stage = Stage(name="slow", guard=slow, on_error=on_error, timeout=2.0)
    out = "".join(stage.feed(piece) for piece in ("one ", "two ", "three ", "four")) + stage.close()
    assert (out, slow.asked) == (whole, 3)


def made(name, monkeypatch):
    """Each of our own guards of streams, with the part of it that looks made to fail."""
    if name == "pii":

        def find(text):
            raise ValueError(text)

        return SpanGuard(find, LIMITS)
    if name == "vault":
        vault = Vault.load({"<EMAIL_1>": "bob@example.com"})
        monkeypatch.setattr(vault, "restored", lambda *_: raises())
        return Restorer(vault)
    origins = {Origin.MODEL: LIMITS}
    outgoing = Outgoing(prompt="You keep the harbour's books and answer its captains from the passages below.")
    maker = LeakageGuard(origins) if name == "leakage" else SecretsGuard(origins, values=["sk-Harbour_7Kq42-xYz"])
    guard = maker.stream(Origin.MODEL, outgoing)
    monkeypatch.setattr(guard._matcher, "read", lambda text: raises())
    return guard


@pytest.mark.parametrize("name", ["pii", "leakage", "secrets", "vault"])
@pytest.mark.parametrize(("on_error", "action"), [("closed", Action.BLOCK), ("open", Action.FLAG)])
def test_each_of_ours_ends_the_stream_or_lets_it_pass(monkeypatch, name, on_error, action):
    text = "Dear <EMAIL_1>, write to ada@example.com."
    stream = Release([Stage(name=name, guard=made(name, monkeypatch), thresholds=LIMITS, on_error=on_error)])
    out = released(stream, text, range(0, len(text), 4))
    assert "@" not in out if on_error == "closed" else out == text
    assert [verdict.action for verdict in stream.verdicts] == [action]


def test_a_guard_behind_one_that_stops_still_gives_what_it_held():
    stream = Release(
        [
            Stage(name="upper", guard=Upper("@", raises), on_error="closed"),
            Stage(name="vault", guard=Restorer(Vault.load({"<EMAIL_1>": "bob@example.com"}))),
        ]
    )
    assert released(stream, "a < b but 12345 ada@example.com", [16]) == "A < B BUT 1"
    assert stream.feed("more") + stream.close() == ""


def test_the_default_policy_says_closed_for_what_guards_the_stream():
    assert {rule.on_error for rule in build_rails().policy.guards if rule.name != "grounding"} == {"closed"}


def test_each_finding_is_looked_at_once_however_many_pieces_come(monkeypatch):
    looked_at = 0

    def counted(findings, length):
        nonlocal looked_at
        looked_at += len(findings)
        return broken_findings(findings, length)

    monkeypatch.setattr(stage_module, "broken_findings", counted)
    found = LinkGuard({Origin.MODEL: Thresholds(flag=0.5)}).stream(Origin.MODEL, Outgoing())
    stage = Stage(name="links", guard=found, thresholds=Thresholds(flag=0.5))
    for _ in range(200):
        stage.feed("<!-- ")
    stage.close()
    assert len(stage.findings) == looked_at == 200
