"""How a guard that judges a whole text, and never rewrites one, says what it decided."""

from __future__ import annotations

from collections.abc import Sequence

from citeward.contracts.guardrail import Action, Finding, Origin, Verdict
from citeward.guardrails.table import Thresholds


def judged(
    guard: str,
    text: str,
    *,
    origin: Origin,
    limits: Thresholds | None,
    findings: Sequence[Finding],
    score: float,
    because: str,
) -> Verdict:
    """The verdict for a text with this score; MODIFY, which such a guard cannot do, flags.

    Args:
        guard: Its name in the policy table.
        text: What was judged.
        origin: Where it is from.
        limits: What the table says of this origin; None allows.
        findings: What speaks against it; their kinds go into the reason.
        score: 0..1, what the limits are compared with.
        because: The reason's beginning, as `The text is toxic`.
    """
    action = limits.action(score) if limits is not None and findings else Action.ALLOW
    if action is Action.ALLOW:
        return Verdict(guard=guard, origin=origin, action=action, text=text, score=score)
    kinds = ", ".join(sorted({finding.kind.replace("_", " ") for finding in findings}))
    return Verdict(
        guard=guard,
        origin=origin,
        action=Action.FLAG if action is Action.MODIFY else action,
        text="" if action is Action.BLOCK else text,
        findings=tuple(findings),
        reason=f"{because}: {kinds}.",
        score=score,
    )
