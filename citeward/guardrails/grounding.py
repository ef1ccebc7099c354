"""Whether a whole answer rests on what was found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.citation import Label
from citeward.contracts.guardrail import Action, Finding, Origin, Outgoing, Verdict, Verifier
from citeward.guardrails.table import Thresholds
from citeward.guardrails.work import checked
from citeward.text.sentences import Span, sentences
from citeward.text.words import content_words

UNSUPPORTED, UNCITED = "UNSUPPORTED", "UNCITED"
_MARKERS = re.compile(r"\[[\d,;–\- ]+\]")
_CODE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_NO_CLAIM = re.compile(r"\s*[#|]|.*[?:]\s*\Z", re.DOTALL)
"""A heading, a table's row, a question, what leads in to a list."""


class GroundingOptions(BaseModel):
    """The `options` of the `grounding` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: int = Field(default=4, ge=1)
    """A sentence with fewer words of meaning claims nothing."""
    trust_citations: bool = True
    """Take a sentence whose citation holds for supported; false asks the verifier about every sentence."""


class GroundingGuard:
    """Counts the sentences of an answer that nothing supports; a `Reviews`, so it judges whole answers only.

    Its score is the share of unsupported sentences among those that claim something. A sentence is supported where one
    of its citations is (`supported` or `partial`), or where the verifier says so. Nothing is judged where the agent
    has neither documents nor tools, or where the answer is the refusal.

    Args:
        thresholds: Of the origin `model`: from which share on what is done. MODIFY is not offered; there, it flags.
        verifier: Asked about sentences that no citation supports; None goes by the citations alone.
        options: What counts as a claim.
        name: The guard's name in the policy table.
    """

    def __init__(
        self,
        thresholds: Mapping[Origin, Thresholds],
        verifier: Verifier | None = None,
        options: GroundingOptions | None = None,
        *,
        name: str = "grounding",
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._verifier = verifier
        self._options = options or GroundingOptions()

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """ALLOW: a text without its sources cannot be judged. See `review`."""
        return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)

    async def review(self, text: str, outgoing: Outgoing, /) -> Verdict:
        """Judge a whole answer by its citations, its passages and its tools' results."""
        claims = await checked(self._claims, text) if outgoing.sources else []
        findings = await self._findings(text, claims, outgoing) if claims else ()
        share = len(findings) / len(claims) if findings else 0.0
        limits = self._thresholds.get(Origin.MODEL)
        action = limits.action(share) if limits and findings else Action.ALLOW
        if action is Action.MODIFY:
            action = Action.FLAG
        allowed = action is Action.ALLOW
        return Verdict(
            guard=self.name,
            origin=Origin.MODEL,
            action=action,
            text="" if action is Action.BLOCK else text,
            findings=() if allowed else findings,
            reason="" if allowed else f"Not supported by what was found: {len(findings)} of {len(claims)} sentences.",
        )

    def _claims(self, text: str) -> list[Span]:
        if text.strip() == NOT_ENOUGH:
            return []
        # Code claims nothing; what it leaves blank keeps the offsets.
        prose = _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        return [
            span
            for span in sentences(prose)
            if not _NO_CLAIM.match(said := _said(text, span)) and len(content_words(said)) >= self._options.words
        ]

    async def _findings(self, text: str, claims: Sequence[Span], outgoing: Outgoing) -> tuple[Finding, ...]:
        cited = [{c.label for c in outgoing.citations if c.start < span.end and span.start < c.end} for span in claims]
        held = [bool(labels - {Label.UNSUPPORTED}) and self._trusts for labels in cited]
        open_ones = [number for number, fine in enumerate(held) if not fine]
        if self._verifier is not None and open_ones:
            evidence = (*outgoing.passages, *outgoing.results)
            supports = await self._verifier.verify([_said(text, claims[number]) for number in open_ones], evidence)
            for number, support in zip(open_ones, supports, strict=True):
                held[number] = support.label is not Label.UNSUPPORTED
        return tuple(
            Finding(kind=UNSUPPORTED if labels else UNCITED, start=span.start, end=span.end)
            for span, labels, fine in zip(claims, cited, held, strict=True)
            if not fine
        )

    @property
    def _trusts(self) -> bool:
        return self._options.trust_citations or self._verifier is None


def _said(text: str, span: Span) -> str:
    return _MARKERS.sub("", span.of(text)).strip()
