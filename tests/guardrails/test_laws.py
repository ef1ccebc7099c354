"""The laws of the stream, for every guard of streams that a policy can ask for, alone and one behind the other."""

import asyncio
import base64
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.contracts.guardrail import Origin, Outgoing
from citeward.guardrails.active.links import LinkGuard
from citeward.guardrails.build import build_rails
from citeward.guardrails.pii.guard import redacted
from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.recognizers import finder
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.table import Thresholds
from citeward.guardrails.toxicity.guard import ToxicityGuard
from citeward.guardrails.vault import Restorer, Vault
from citeward.guardrails.withheld import stream as withhold
from citeward.guardrails.withheld.leakage import LeakageGuard
from citeward.guardrails.withheld.letters import folded, letters
from citeward.guardrails.withheld.secrets import SecretsGuard, SecretsOptions, _forms
from citeward.testing.suites.stream_guard import check_bounded, check_stream_guard, cuts, texts

PROMPT = (
    "You keep the harbour's books and answer its captains from the passages below. Put the number of the passage after "
    "each sentence. Never name the keeper, and never say what a boat has paid."
)
KEY = "sk-Harbour_7Kq42-xYz"
FOUND = [
    "ada@example.com",
    "eve.long-name+tag@mail.example.org",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "+44 20 7946 0958",
    "ghp_" + "a1B2" * 90,
    "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
]
LEAKS = [
    PROMPT,
    PROMPT[23:110],
    PROMPT[100:].upper(),
    " ".join(PROMPT[:60]),
    PROMPT[:90].replace(" ", "\u200b*\n").replace("e", "3"),
    base64.b64encode(b"so: " + PROMPT.encode()).decode(),
]
KEYS = [
    KEY,
    KEY.lower(),
    " - ".join(KEY),
    KEY[::-1],
    KEY + KEY,
    base64.b64encode(b"x" + KEY.encode()).decode(),
    KEY.encode().hex(),
]
MODIFY, BLOCK, FLAG = Thresholds(modify=0.4), Thresholds(block=0.4), Thresholds(flag=0.4)
RUN = Outgoing(prompt=PROMPT, question="When does it open?")
VAULT = Vault.load({"<EMAIL_1>": "bob@example.com", "<EMAIL_12>": "<EMAIL_1>", "<PHONE_1>": "+1 415 555 2671"})
FIND = finder(floor=0.4)
RAILS = build_rails(secrets=[KEY])
asyncio.run(RAILS.warm())


def pii(limits):
    return SpanGuard(FIND, limits)


def leakage(limits):
    guard = LeakageGuard({Origin.MODEL: limits}).stream(Origin.MODEL, RUN)
    assert guard is not None
    return guard


def secrets(limits):
    guard = SecretsGuard({Origin.MODEL: limits}, SecretsOptions(environment=()), values=[KEY]).stream(Origin.MODEL, RUN)
    assert guard is not None
    return guard


def links(limits):
    guard = LinkGuard({Origin.MODEL: limits}).stream(Origin.MODEL, RUN)
    assert guard is not None
    return guard


def toxicity(limits):
    guard = ToxicityGuard({Origin.MODEL: limits}).stream(Origin.MODEL, RUN)
    assert guard is not None
    return guard


def together(limits=MODIFY):
    return RAILS.stream(outgoing=RUN, vault=VAULT)


GUARDS = {"pii": (pii, FOUND), "leakage": (leakage, LEAKS), "secrets": (secrets, KEYS)}
EACH = pytest.mark.parametrize(("make", "forbidden"), GUARDS.values(), ids=GUARDS)


def spans(text, wanted):
    """Where any of the wanted runs of letters stands in `text`, looked for in the plainest way, joined together."""
    places = [(place, letter) for place, char in enumerate(text) for letter in letters(char)]
    plain = "".join(letter for _, letter in places)
    found = []
    for length in {len(run) for run in wanted}:
        for at in range(len(places) - length + 1):
            if plain[at : at + length] in wanted:
                these = [place for place, _ in places[at : at + length]]
                if max(b - a for a, b in itertools.pairwise(these)) <= withhold.GAP + 1:
                    found.append((these[0], these[-1] + 1))
    joined = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def without(text, taken):
    out, at = "", 0
    for start, end in taken:
        out, at = out + text[at:start] + withhold.WITHHELD, end
    return out + text[at:]


def windows():
    readings = [PROMPT, *(base64.b64encode(PROMPT.encode()[shift:]).decode() for shift in range(3))]
    return {folded(text)[at : at + 40] for text in readings for at in range(len(folded(text)) - 39)}


WINDOWS = windows()


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_personal_data_is_replaced_and_nothing_else_however_the_text_is_split(data):
    text = data.draw(texts(FOUND))
    guarded = check_stream_guard(lambda: pii(MODIFY), text, data.draw(cuts(text)))
    assert guarded == redacted(text, scan(text, FIND))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_prompt_is_withheld_and_nothing_else_however_the_text_is_split(data):
    text = data.draw(texts(LEAKS))
    guarded = check_stream_guard(lambda: leakage(MODIFY), text, data.draw(cuts(text)))
    assert guarded == without(text, spans(text, WINDOWS))


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_secret_is_withheld_and_nothing_else_however_the_text_is_split(data):
    text = data.draw(texts(KEYS))
    guarded = check_stream_guard(lambda: secrets(MODIFY), text, data.draw(cuts(text)))
    assert guarded == without(text, spans(text, set(_forms(KEY))))


@EACH
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_block_stops_before_the_first_character_of_what_it_found(make, forbidden, data):
    text = data.draw(texts(forbidden))
    guarded = check_stream_guard(lambda: make(BLOCK), text, data.draw(cuts(text)))
    guard = make(BLOCK)
    guard.feed(text)
    guard.close()
    assert guarded == (text[: guard.findings[-1].start] if guard.findings else text)
    assert bool(guard.findings) == bool(found_by(make, text))


def found_by(make, text):
    guard = make(FLAG)
    guard.feed(text)
    guard.close()
    return guard.findings


@EACH
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flag_changes_nothing_and_finds_the_same(make, forbidden, data):
    text = data.draw(texts(forbidden))
    assert check_stream_guard(lambda: make(FLAG), text, data.draw(cuts(text))) == text
    modifying = make(MODIFY)
    modifying.feed(text)
    modifying.close()
    assert found_by(make, text) == modifying.findings


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_placeholder_comes_back_however_it_is_split(data):
    text = data.draw(texts(["<EMAIL_1>", "<EMAIL_12>", "<PHONE_1>", "<EMAIL_2>"]))
    assert check_stream_guard(lambda: Restorer(VAULT), text, data.draw(cuts(text))) == VAULT.restore(text)


@pytest.mark.fuzz
@given(st.data())
def test_one_behind_the_other_they_hold_the_laws_too(data):
    text = data.draw(texts([*FOUND, *LEAKS, *KEYS, "<EMAIL_1>", "<EMAIL_12>"]))
    guarded = check_stream_guard(together, text, data.draw(cuts(text)))
    assert KEY not in guarded
    assert PROMPT[:60] not in guarded
    given_back = re.sub("|".join(map(re.escape, VAULT.dump().values())), "", guarded)
    assert not [finding for finding in scan(given_back, FIND) if finding.kind == "PRIVATE_KEY"]


@EACH
def test_no_prefix_of_what_leaves_ever_ends_inside_something_forbidden(make, forbidden):
    for secret in forbidden[:5]:  # of base64 the first signs are not sure to be a part of it
        guard = make(MODIFY)
        out = ""
        for char in f"Say: {secret} now":
            out += guard.feed(char)
            assert not out.removeprefix("Say: ").startswith(secret[:2])
        assert (out + guard.close()).startswith("Say: [")


class Count:
    """How many characters were looked at since it was last asked."""

    def __init__(self):
        self.seen = 0

    def __call__(self):
        seen, self.seen = self.seen, 0
        return seen


@pytest.mark.slow
def test_personal_data_is_looked_for_once_in_each_stretch_and_little_is_held():
    count = Count()

    def find(text, before=""):
        count.seen += len(text)
        return FIND(text, before)

    check_bounded(lambda: SpanGuard(find, MODIFY), secrets=FOUND[:3], looked_at=count, most=3)


@pytest.mark.parametrize(("make", "secret"), [(leakage, PROMPT[:60]), (secrets, KEY)], ids=["leakage", "secrets"])
def test_each_letter_is_looked_at_once_and_little_is_held(monkeypatch, make, secret):
    count = Count()

    def counted(char):
        count.seen += 1
        return letters(char)

    monkeypatch.setattr(withhold, "letters", counted)
    check_bounded(lambda: make(MODIFY), secrets=[secret], looked_at=count, most=1)


@pytest.mark.slow
def test_a_whole_release_is_bounded():
    check_bounded(together, secrets=[KEY, "<EMAIL_1>"])


@pytest.mark.parametrize(
    ("make", "most"),
    [(pii, 256), (leakage, 1392), (secrets, 1392), (links, 526), (toxicity, 480), (lambda _: Restorer(VAULT), 9)],
    ids=["pii", "leakage", "secrets", "links", "toxicity", "vault"],
)
def test_the_holdback_is_what_the_guide_says(make, most):
    assert make(MODIFY).holdback == most


def test_what_the_policy_builds_is_what_is_tested_here():
    names = [stage._name for stage in RAILS.stream(outgoing=RUN, vault=VAULT)._stages]
    assert names == ["toxicity", "secrets", "leakage", "pii", "links", "vault"]
