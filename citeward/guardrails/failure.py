"""What is decided where a guard cannot decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from citeward.contracts.guardrail import Action, Finding, Origin, Verdict

OnError = Literal["open", "closed"]
"""When a guard raises, answers nonsense or takes too long: `closed` blocks, `open` lets the text pass with a flag."""


def undecided(guard: str, origin: Origin, on_error: OnError, trouble: str, *, text: str = "") -> Verdict:
    """The verdict in the place of the one that the guard did not give.

    Args:
        guard: Its name.
        origin: Where the text is from.
        on_error: What the policy says.
        trouble: What became of it, as `failed with ValueError`; never its own words, they may repeat the text.
        text: What is carried on with where the text passes.
    """
    closed = on_error == "closed"
    return Verdict(
        guard=guard,
        origin=origin,
        action=Action.BLOCK if closed else Action.FLAG,
        text="" if closed else text,
        reason=f"The guard {guard!r} {trouble}; the policy says to {'block' if closed else 'let pass'} then.",
    )


def broken_findings(findings: Iterable[object], length: int) -> str:
    """What is wrong with a guard's findings, in words for `undecided`; empty if nothing is.

    A finding has a kind, whole numbers `0 <= start <= end <= length` for its place, and a score between 0 and 1: a
    score that is no number compares with every threshold as lower, and would let pass what was found.

    >>> broken_findings([Finding(kind="EMAIL_ADDRESS", start=0, end=15, score=float("nan"))], 20)
    'gave a finding with the score nan'
    """
    for finding in findings:
        if not isinstance(finding, Finding):
            return f"gave findings that are none but {type(finding).__name__}"
        if not isinstance(finding.kind, str) or not finding.kind:
            return "gave a finding without a kind"
        places = (finding.start, finding.end)
        if not all(type(place) is int for place in places) or not 0 <= finding.start <= finding.end <= length:
            return f"gave a finding that does not lie in a text of {length} characters"
        if not is_score(finding.score):
            return f"gave a finding with the score {_number(finding.score)}"
    return ""


def is_score(value: object) -> bool:
    """Whether it is a number from 0 to 1; not a number (NaN) is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _number(value: object) -> str:
    """A number as it is; anything else by its type, because it may repeat the text."""
    return f"{value:g}" if isinstance(value, int | float) else f"of type {type(value).__name__}"
