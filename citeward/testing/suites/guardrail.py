"""What every Guardrail must hold to; for streams see `citeward.testing.suites.stream_guard`.

Call them from your own tests, with your guard and texts that it should meet:

    async def test_my_guard_is_a_guardrail():
        await check_guardrail(MyGuard(), texts=["a text that it stops", "one that it lets pass"])

Each raises AssertionError with the text's number and what was wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from citeward.contracts.guardrail import Action, Guardrail, Origin, Verdict
from citeward.testing.suites.stream_guard import check_finding, check_stream_guard

__all__ = ["ODD_TEXTS", "check_guardrail", "check_stream_guard"]

ODD_TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\n\n\n",
    "Where is the treaty kept?",
    "Straße, İstanbul, ﬁancé, Ⅻ",
    "日本語の文章です。",
    "שלום עולם",
    "👩‍👩‍👧 family 🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag",
    "zero\u200bwidth \u202eturned\u202c",
    "lone surrogate \ud83d here",
    "\x00\x01 control",
    "a" * 5_000,
    "1 " * 2_500,
    "<" * 3_000,
)
"""Texts that break guards which have met only plain English."""


async def check_guardrail(
    guard: Guardrail, *, texts: Sequence[str] = (), origins: Iterable[Origin] = tuple(Origin)
) -> None:
    """Hold `guard` to its contract on `texts` and on ODD_TEXTS, for each origin.

    It has a name and puts it on its verdicts; offsets lie within the text; ALLOW and FLAG return the text as it was and
    BLOCK returns none of it; whatever is not ALLOW says why, and neither the reason nor the findings repeat the text;
    scores are 0..1; the same text is judged alike twice; nothing raises.
    """
    assert guard.name, "a guard has a name"
    for number, text in enumerate((*texts, *ODD_TEXTS)):
        for origin in origins:
            verdict = await guard.check(text, origin=origin)
            _check_verdict(guard, verdict, text, origin, f"text {number} from {origin}")
            again = await guard.check(text, origin=origin)
            assert verdict == again, f"text {number} from {origin}: two checks gave two verdicts"


def _check_verdict(guard: Guardrail, verdict: Verdict, text: str, origin: Origin, where: str) -> None:
    assert verdict.guard == guard.name, f"{where}: the verdict is signed {verdict.guard!r}"
    assert verdict.origin is origin, f"{where}: the verdict speaks of {verdict.origin}"
    if verdict.action in (Action.ALLOW, Action.FLAG):
        assert verdict.text == text, f"{where}: {verdict.action} changed the text"
    if verdict.action is Action.BLOCK:
        assert verdict.text == "", f"{where}: a blocked text was handed on"
    if verdict.action is not Action.ALLOW:
        assert verdict.reason, f"{where}: {verdict.action} without a reason"
    assert verdict.score is None or 0 <= verdict.score <= 1, f"{where}: an impossible score of {verdict.score}"
    for finding in verdict.findings:
        check_finding(finding, text)
        span = text[finding.start : finding.end]
        assert len(span) < 8 or span not in verdict.reason, f"{where}: the reason repeats what was found"
