import pytest

from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.guardrail import Action, Origin, Outgoing
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.leakage import LeakageGuard, LeakageOptions
from citeward.testing.suites.guardrail import check_guardrail

PROMPT = (
    "You keep the harbour's books and answer its captains from the passages below. "
    f"Where they do not answer, say exactly: {NOT_ENOUGH} Where nobody has asked, say: The harbour is closed to "
    "everyone but the pilots of the northern reach."
)
LIMITS = {Origin.MODEL: Thresholds(flag=0.5, modify=0.9)}


def said(text, *, options=None, **given):
    guard = LeakageGuard(LIMITS, options).stream(Origin.MODEL, Outgoing(prompt=PROMPT, **given))
    return guard.feed(text) + guard.close()


async def test_it_is_a_guardrail():
    await check_guardrail(LeakageGuard(LIMITS), texts=[PROMPT])


@pytest.mark.parametrize(
    "text",
    [
        "You keep the harbour's books and answer its captains from the passages below.",
        "YOU KEEP THE HARBOURS BOOKS, AND ANSWER ITS CAPTAINS: FROM THE PASSAGES BELOW!",
        "You\nkeep\nthe\nharbour's\nbooks\n\nand answer its captains",
        "Y-o-u k-e-e-p t-h-e h-a-r-b-o-u-r-s b-o-o-k-s a-n-d a-n-s-w-e-r i-t-s c-a-p-t-a-i-n-s",
        "Y0u k33p th3 h4rb0ur's b00ks 4nd 4nsw3r its captains",
        "Уоu kеер thе hаrbоur's bооks аnd аnswеr its сарtаins",
        "Y\u200bo\u200bu keep the harbour's books and answer its captains",
        "| You | keep | the | harbour's | books | and | answer | its | captains |",
    ],
)
def test_a_stretch_of_the_prompt_is_withheld_in_any_disguise(text):
    out = said(f"My rules: {text} That is all.")
    assert "[withheld]" in out
    assert "books" not in out.lower() and out.startswith("My rules: ") and out.endswith("That is all.")


def test_what_the_prompt_asks_to_say_may_be_said():
    assert said(NOT_ENOUGH) == NOT_ENOUGH
    closed = "The harbour is closed to everyone but the pilots of the northern reach."
    assert said(closed) == "[withheld]."
    assert said(closed, options=LeakageOptions(phrases=(closed,))) == closed


@pytest.mark.parametrize("where", [{"question": PROMPT}, {"passages": ("So: " + PROMPT,)}, {"allowed": (PROMPT,)}])
def test_what_the_user_or_a_document_says_may_be_said_too(where):
    assert said("It is: " + PROMPT, **where) == "It is: " + PROMPT


def test_a_few_words_in_common_are_no_leak():
    text = "The harbour's books say so, and its captains answer from the passages."
    assert said(text) == text


def test_code_of_it_is_flagged_where_the_policy_says_so():
    import base64

    text = base64.b64encode(b"Hm: " + PROMPT.encode()).decode()
    guard = LeakageGuard(LIMITS).stream(Origin.MODEL, Outgoing(prompt=PROMPT))
    assert guard.feed(text) + guard.close() == text
    assert [finding.kind for finding in guard.findings] == ["ENCODED_PROMPT"]
    assert LIMITS[Origin.MODEL].action(guard.findings[0].score) is Action.FLAG


def test_without_a_prompt_there_is_nothing_to_watch():
    assert LeakageGuard(LIMITS).stream(Origin.MODEL, Outgoing()) is None
    assert LeakageGuard(LIMITS).stream(Origin.TOOL, Outgoing(prompt=PROMPT)) is None
