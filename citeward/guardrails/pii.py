"""Personal data and credentials in a whole text."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from pydantic import BaseModel, ConfigDict, Field

from citeward.contracts.guardrail import Action, Finding, Origin, Outgoing, StreamGuard, Verdict
from citeward.guardrails import recognizers
from citeward.guardrails.scan import scan
from citeward.guardrails.spans import SpanGuard
from citeward.guardrails.table import Thresholds
from citeward.guardrails.vault import label
from citeward.guardrails.work import checked


class PiiOptions(BaseModel):
    """The `options` of the `pii` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entities: tuple[str, ...] = Field(default=recognizers.ENTITIES, min_length=1)
    """What is looked for."""
    regions: tuple[str, ...] = Field(default=recognizers.REGIONS, min_length=1)
    """ISO codes of the countries whose telephone numbers are known without a country code."""


class PiiGuard:
    """Finds personal data by Presidio's recognizers and credentials by their shapes.

    MODIFY writes `[EMAIL]` for an address; with a vault, `Rails.check` writes `<EMAIL_1>` instead, which can be undone.

    Args:
        thresholds: By origin, from which score on what is done.
        options: What is looked for.
        name: The guard's name in the policy table.
    """

    redacts = True

    def __init__(
        self, thresholds: Mapping[Origin, Thresholds], options: PiiOptions | None = None, *, name: str = "pii"
    ) -> None:
        options = options or PiiOptions()
        self.name = name
        self._regions = options.regions
        self._warm = False
        self._thresholds = thresholds
        self._find = {
            origin: recognizers.finder(options.entities, floor=limits.lowest, regions=options.regions)
            for origin, limits in thresholds.items()
        }

    async def warm(self) -> None:
        """Import Presidio, about a second the first time, in a thread."""
        if not self._warm:
            await asyncio.to_thread(recognizers.load, self._regions)
            self._warm = True

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Find what is sensitive in `text`; ALLOW where the policy asks for nothing of this origin."""
        find = self._find.get(origin)
        if find:
            await self.warm()
        findings = await checked(lambda whole: scan(whole, find), text) if find else ()
        limits = self._thresholds.get(origin)
        action = limits.action(max(f.score for f in findings)) if findings and limits else Action.ALLOW
        return Verdict(
            guard=self.name,
            origin=origin,
            action=action,
            text=_carried(text, action, findings),
            findings=findings,
            reason=f"The text holds {describe(findings)}." if findings else "",
            score=max((f.score for f in findings), default=0.0),
        )

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:
        """The same check on a stream, or None where the policy asks for nothing of this origin."""
        if origin not in self._find:
            return None
        return SpanGuard(self._find[origin], self._thresholds[origin], allowed=outgoing.given)


def redacted(text: str, findings: Collection[Finding], /) -> str:
    """`text` with `[EMAIL]` and the like for the findings."""
    out: list[str] = []
    done = 0
    for finding in findings:
        out += text[done : finding.start], f"[{label(finding.kind)}]"
        done = finding.end
    return "".join([*out, text[done:]])


def describe(findings: Collection[Finding], /) -> str:
    """What was found, in words that repeat nothing of it."""
    kinds = sorted({finding.kind.replace("_", " ").lower() for finding in findings})
    return ", ".join(kinds)


def _carried(text: str, action: Action, findings: Collection[Finding]) -> str:
    match action:
        case Action.BLOCK:
            return ""
        case Action.MODIFY:
            return redacted(text, findings)
        case _:
            return text
