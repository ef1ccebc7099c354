"""Text that tries to command the model, found by its shape."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from citeward.contracts.guardrail import Action, Finding, Origin, Verdict
from citeward.guardrails.characters import Plain, hidden, plain, unleeted, unspaced
from citeward.guardrails.payloads import payloads
from citeward.guardrails.rules import Rule, load_rules
from citeward.guardrails.table import Thresholds
from citeward.guardrails.work import checked

_SECONDS = 1.0
"""The longest that one search may take; every pattern is linear, this is the belt to those braces."""
_DEPTH = 2
"""How often what was decoded is decoded again."""
_HIDDEN = {"hidden_text": 0.7, "turned_text": 0.4, "broken_words": 0.4}
_ENCODED = 0.25
"""What it adds to the score of a payload that somebody took the trouble to encode it."""


class InjectionGuard:
    """Looks for orders to the model: overrides, personas, role markers, hidden and encoded text, ways out for data.

    A verdict's findings name the rules by kind; the score behind its action is theirs combined as independent
    evidence. Text is judged as a reader would take it: invisible characters removed, look-alikes and digits for
    letters read as letters, base64 and the like decoded. MODIFY is not offered; there, it flags.

    These are shapes, not understanding: they find what is written like an attack. An order that reads like any other
    sentence ("What is the capital of Brazil?" inside an e-mail) is for the fence around retrieved text to hold.

    Args:
        thresholds: By origin, from which score on what is done.
        name: The guard's name in the policy table.
    """

    def __init__(self, thresholds: Mapping[Origin, Thresholds], *, name: str = "injection") -> None:
        self.name = name
        self._thresholds = thresholds

    async def warm(self) -> None:
        """Compile the patterns, in a thread."""
        await asyncio.to_thread(load_rules)

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Judge `text`; ALLOW where the policy asks for nothing of this origin."""
        limits = self._thresholds.get(origin)
        if limits is None:
            return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)
        findings = await checked(lambda whole: attacks(whole, in_data=origin is not Origin.USER), text)
        action = limits.action(combined(findings)) if findings else Action.ALLOW
        if action is Action.MODIFY:
            action = Action.FLAG
        kinds = ", ".join(sorted({finding.kind.replace("_", " ") for finding in findings}))
        return Verdict(
            guard=self.name,
            origin=origin,
            action=action,
            text="" if action is Action.BLOCK else text,
            findings=findings if action is not Action.ALLOW else (),
            reason=f"The text looks like an attempt to command the model: {kinds}."
            if action is not Action.ALLOW
            else "",
            score=combined(findings),
        )


def attacks(text: str, /, *, in_data: bool = False) -> tuple[Finding, ...]:
    """The first match of each shape, by offsets into `text`, in order.

    Args:
        text: What to look at.
        in_data: Whether it is a document's or a tool's, where orders weigh more than from a user.
    """
    return tuple(sorted(_found(text, in_data=in_data, depth=0), key=lambda finding: (finding.start, finding.kind)))


def combined(findings: Iterable[Finding], /) -> float:
    """The score of all findings together, 0..1, each taken as independent evidence."""
    left = 1.0
    for finding in findings:
        left *= 1 - finding.score
    return round(1 - left, 6)


def _found(text: str, *, in_data: bool, depth: int) -> Iterable[Finding]:
    book = load_rules()
    reading = plain(text)
    readings = [reading]
    plainer = unleeted(reading.text)
    if plainer != reading.text:
        readings.append(Plain(text=plainer, offsets=reading.offsets))
    for rule in book.rules:
        score = rule.in_data if in_data else rule.user
        if score and (finding := _match(rule, score, text, readings)):
            yield finding
    if any(book.squeezed.search(word, timeout=_SECONDS) for word in unspaced(reading.text)):
        yield Finding(kind="spaced_out", start=0, end=len(text), score=0.85)
    for trick in hidden(text):
        within = _within(trick.payload, in_data=in_data, depth=depth)
        score = max(_HIDDEN[trick.kind], within)
        yield Finding(kind=trick.kind, start=trick.start, end=trick.end, score=score)
    if depth < _DEPTH:
        for payload in payloads(text):
            within = _within(payload.text, in_data=in_data, depth=depth)
            if within:
                score = min(1.0, within + _ENCODED)
                yield Finding(kind="encoded_payload", start=payload.start, end=payload.end, score=score)


def _match(rule: Rule, score: float, text: str, readings: Iterable[Plain]) -> Finding | None:
    if rule.cased:
        match = rule.pattern.search(text, timeout=_SECONDS)
        return Finding(kind=rule.kind, start=match.start(), end=match.end(), score=score) if match else None
    for reading in readings:
        match = rule.pattern.search(reading.text, timeout=_SECONDS)
        if match is not None:
            start, end = reading.span(*match.span())
            return Finding(kind=rule.kind, start=start, end=end, score=score)
    return None


def _within(payload: str, *, in_data: bool, depth: int) -> float:
    if not payload or depth >= _DEPTH:
        return 0.0
    return combined(_found(payload, in_data=in_data, depth=depth + 1))
