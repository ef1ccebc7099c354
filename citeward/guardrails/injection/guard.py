"""Text that tries to command the model, found by its shape and by a trained classifier."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from citeward.contracts.guardrail import Finding, Origin, Verdict
from citeward.contracts.retrieval import Embedder
from citeward.guardrails.characters import Plain, hidden, plain, unleeted, unspaced
from citeward.guardrails.classifier.apart import apart
from citeward.guardrails.classifier.trained import Trained
from citeward.guardrails.classifier.weights import FOLDER
from citeward.guardrails.classifier.windows import lines, parts
from citeward.guardrails.injection.payloads import payloads
from citeward.guardrails.injection.rules import Rule, load_rules
from citeward.guardrails.memory import Memory
from citeward.guardrails.table import Thresholds
from citeward.guardrails.verdicts import judged
from citeward.guardrails.work import checked

WEIGHTS = FOLDER / "injection.npz"
HINTS = ("evidence", "apart")
"""What the classifier is told of each part or line: what its shapes say, and how far it stands apart."""
DIRECT, PLANTED = "direct", "planted"
"""The classifier's heads: for a user's text, and for what somebody else wrote."""

_SECONDS = 1.0
"""The longest that one search may take; every pattern is linear, this is the belt to those braces."""
SURE = {False: 0.75, True: 0.6}
"""From this score on, in a user's text and in data, the patterns need no second opinion."""
_NEARLY = 0.999
_MOST = 6
"""Parts or lines of one text that are embedded, the worst by their surface."""
_DEPTH = 2
"""How often what was decoded is decoded again."""
_HIDDEN = {"hidden_text": 0.7, "turned_text": 0.4, "broken_words": 0.4}
_ENCODED = 0.25
"""What it adds to the score of a payload that somebody took the trouble to encode it."""


@dataclass(frozen=True, kw_only=True)
class _Seen:
    score: float
    findings: tuple[Finding, ...]


_NOTHING = _Seen(score=0.0, findings=())


class InjectionOptions(BaseModel):
    """The `options` of the `injection` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Path | None = None
    """A file of one's own in the place of the weights that ship; a relative path starts at the policy's folder."""


class InjectionGuard:
    """Looks for orders to the model by their shape, and by a trained classifier for those that are in no list.

    The shapes are overrides, personas, role markers, hidden and encoded text, ways out for data. Text is judged as a
    reader would take it: invisible characters removed, look-alikes and digits for letters read as letters, base64 and
    the like decoded. The classifier reads the words and, with the embedder that it was trained on, the meaning: a
    user's text part by part, a document's and a tool's line by line, where an order stands out from what surrounds it.
    What the shapes say is one of its features; where they are sure by themselves, they decide.

    MODIFY is not offered; there, it flags.

    Args:
        thresholds: By origin, from which score on what is done.
        embedder: The one that compares texts on this machine; None, or one of another space, leaves the shapes and the
            words.
        weights: A file of weights; None takes those that ship.
        name: The guard's name in the policy table.
    """

    def __init__(
        self,
        thresholds: Mapping[Origin, Thresholds],
        *,
        embedder: Embedder | None = None,
        weights: Path | None = None,
        name: str = "injection",
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._trained = Trained(name, weights or WEIGHTS, embedder)
        self._known: Memory[_Seen] = Memory()

    async def warm(self) -> None:
        """Compile the patterns and read the weights, in a thread."""
        await asyncio.to_thread(load_rules)
        await self._trained.loaded()

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Judge `text`; ALLOW where the policy asks for nothing of this origin."""
        limits = self._thresholds.get(origin)
        # The passages of a project's documents come again and again.
        known = self._known.get(text) if origin is Origin.RETRIEVED else None
        if limits is None:
            known = _NOTHING
        elif known is None:
            known = await self._looked(text, in_data=origin is not Origin.USER, lowest=limits.lowest)
            if origin is Origin.RETRIEVED:
                self._known.put(text, known)
        return judged(
            self.name,
            text,
            origin=origin,
            limits=limits,
            findings=known.findings,
            score=known.score,
            because="The text looks like an attempt to command the model",
        )

    async def _looked(self, text: str, *, in_data: bool, lowest: float) -> _Seen:
        shapes = await checked(lambda whole: attacks(whole, in_data=in_data), text)
        orders = await self._orders(text, shapes, in_data=in_data)
        by_shape = combined(shapes)
        score = max([by_shape if by_shape >= SURE[in_data] else 0.0, *(order.score for order in orders)])
        return _Seen(score=score, findings=(*shapes, *(order for order in orders if order.score >= lowest)))

    async def _orders(self, text: str, shapes: Sequence[Finding], *, in_data: bool) -> list[Finding]:
        """Each part or line with the classifier's score."""
        spans = lines(text) if in_data else parts(text)
        if not spans:
            return []
        classifier = await self._trained.loaded()
        texts = [span.of(text) for span in spans]
        if in_data:
            within = [combined(f for f in shapes if f.start < span.end and f.end > span.start) for span in spans]
            hints = list(zip(map(evidence, within), apart(texts), strict=True))
        else:
            hints = [(evidence(combined(shapes)), 0.0)] * len(spans)
        head = classifier.weights.heads.index(PLANTED if in_data else DIRECT)
        scores = await classifier.judge(texts, np.array(hints, np.float32), head=head, most=_MOST)
        kind = "planted_order" if in_data else "direct_order"
        return [
            Finding(kind=kind, start=span.start, end=span.end, score=round(float(value), 6))
            for span, value in zip(spans, scores[:, head], strict=True)
        ]


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


def evidence(score: float, /) -> float:
    """What the patterns say, as the classifier reads it: independent pieces of evidence add up."""
    return -math.log(1 - min(score, _NEARLY))


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
