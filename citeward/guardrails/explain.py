"""What each guard of a policy says of a text, for a person who wants to know why."""

from __future__ import annotations

from dataclasses import dataclass

from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.guardrails.policy import Checked, Rails
from citeward.guardrails.steps import decided
from citeward.guardrails.table import Thresholds
from citeward.guardrails.vault import Vault

_MASKED = (Origin.USER, Origin.TOOL)
"""Where what is taken out of a text is kept, to be given back to the user."""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One guard's."""

    thresholds: Thresholds
    verdict: Verdict
    heard: bool
    """False where a row above it blocks: in a run, nobody asks it."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What becomes of a text."""

    checked: Checked
    """As in a run."""
    opinions: tuple[Opinion, ...]
    """Of every guard that the table asks about this origin, in its order."""


async def explain(rails: Rails, text: str, *, origin: Origin) -> Explanation:
    """Check the text as a run does, and ask those guards too that are not heard any more."""
    checked = await rails.check(text, origin=origin, vault=Vault() if origin in _MASKED else None)
    heard = {verdict.guard: verdict for verdict in checked.verdicts}
    opinions = [
        Opinion(
            thresholds=row.rule.origins[origin],
            verdict=heard.get(row.rule.name) or await decided(row, text, origin),
            heard=row.rule.name in heard,
        )
        for row in rails.rows
        if origin in row.rule.origins
    ]
    return Explanation(checked=checked, opinions=tuple(opinions))


def as_dict(explanation: Explanation) -> dict[str, object]:
    """The same as JSON-able data. A finding has its offsets and never the text that was found."""
    return {
        "action": str(explanation.checked.action),
        "blocked": explanation.checked.action is Action.BLOCK,
        "text": explanation.checked.text,
        "guards": [_opinion(opinion) for opinion in explanation.opinions],
    }


def _opinion(opinion: Opinion) -> dict[str, object]:
    verdict = opinion.verdict
    return {
        "guard": verdict.guard,
        "origin": str(verdict.origin),
        "action": str(verdict.action),
        "score": verdict.score,
        "thresholds": opinion.thresholds.model_dump(exclude_none=True),
        "findings": [
            {"kind": found.kind, "start": found.start, "end": found.end, "score": found.score}
            for found in verdict.findings
        ],
        "reason": verdict.reason,
        "heard": opinion.heard,
    }
