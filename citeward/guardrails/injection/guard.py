"""Text that tries to command the model, found by its shape and by a trained classifier."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from citeward.contracts.guardrail import Finding, Origin, Verdict
from citeward.contracts.retrieval import Embedder
from citeward.guardrails.characters import hidden
from citeward.guardrails.classifier.apart import apart
from citeward.guardrails.classifier.trained import Trained
from citeward.guardrails.classifier.weights import FOLDER, Matrix
from citeward.guardrails.classifier.windows import lines, parts
from citeward.guardrails.injection.broken import broken
from citeward.guardrails.injection.lexicon import fold
from citeward.guardrails.injection.orders import orders
from citeward.guardrails.injection.payloads import Payload, ciphers, payloads
from citeward.guardrails.injection.readings import Reading, readings
from citeward.guardrails.injection.rules import Rule, load_rules
from citeward.guardrails.memory import Memory
from citeward.guardrails.table import Thresholds
from citeward.guardrails.verdicts import judged
from citeward.guardrails.work import checked
from citeward.text.sentences import Span

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
_LONG = 2_000
"""Characters from which on a pattern is searched for without holding up other threads."""
_TRICKS = 8
"""Findings of hidden text that are named, at most."""
_BETWEEN = "\n\n"
"""Between two texts that were decoded."""
_HIDDEN = {"hidden_text": 0.7, "turned_text": 0.4, "broken_words": 0.4}
_DECIPHERED = 0.5
"""The score of a text whose letters were put back, under which it is left alone."""
_ENCODED = 0.25
"""What it adds to the score of a payload that somebody took the trouble to encode it."""


@dataclass(frozen=True, kw_only=True)
class _Seen:
    score: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """What the patterns found in a text, and its parts or lines for the classifier."""

    shapes: tuple[Finding, ...]
    spans: list[Span]
    texts: list[str]
    hints: Matrix


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
        await asyncio.to_thread(attacks, "Hello")
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
        looked = await checked(lambda whole: _look(whole, in_data=in_data), text)
        orders = await self._orders(looked, in_data=in_data)
        by_shape = combined(looked.shapes)
        score = max([by_shape if by_shape >= SURE[in_data] else 0.0, *(order.score for order in orders)])
        return _Seen(score=score, findings=(*looked.shapes, *(order for order in orders if order.score >= lowest)))

    async def _orders(self, looked: _Looked, *, in_data: bool) -> list[Finding]:
        """Each part or line with the classifier's score."""
        if not looked.spans:
            return []
        classifier = await self._trained.loaded()
        head = classifier.weights.heads.index(PLANTED if in_data else DIRECT)
        scores = await classifier.judge(looked.texts, looked.hints, head=head, most=_MOST)
        kind = "planted_order" if in_data else "direct_order"
        return [
            Finding(kind=kind, start=span.start, end=span.end, score=round(float(value), 6))
            for span, value in zip(looked.spans, scores[:, head], strict=True)
        ]


def _look(text: str, *, in_data: bool) -> _Looked:
    """All that is known of a text before the classifier judges its parts or lines."""
    shapes = attacks(text, in_data=in_data)
    spans = lines(text) if in_data else parts(text)
    texts = [span.of(text) for span in spans]
    if in_data:
        hints = np.array([_within_each(spans, shapes), apart(texts)], np.float32).T
    else:
        hints = np.array([(evidence(combined(shapes)), 0.0)] * len(spans), np.float32)
    return _Looked(shapes=shapes, spans=spans, texts=texts, hints=hints)


def _within_each(spans: Sequence[Span], shapes: Sequence[Finding]) -> list[float]:
    """Of each span the evidence of the shapes that reach into it."""
    left = np.ones(len(spans))
    starts, ends = np.array([span.start for span in spans]), np.array([span.end for span in spans])
    for shape in shapes:
        left[np.searchsorted(ends, shape.start, "right") : np.searchsorted(starts, shape.end, "left")] *= (
            1 - shape.score
        )
    return [evidence(round(1 - value, 6)) for value in left.tolist()]


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
    read = readings(text)
    searched = [read.shown] if read.words.text == read.shown.text else [read.shown, read.words]
    for rule in book.rules:
        score = rule.in_data if in_data else rule.user
        if score and (finding := _match(rule, score, text, searched)):
            yield finding
    yield from _orders((read.words, *read.others), in_data=in_data)
    yield from _hidden(text, in_data=in_data, depth=depth)
    if depth < _DEPTH:
        yield from _encoded(list(payloads(text)), in_data=in_data, depth=depth, least=0.0)
    if not depth:
        # Read backwards twice a text is itself again. Ordinary words may well be some others from behind.
        yield from _encoded(list(ciphers(text)), in_data=in_data, depth=_DEPTH - 1, least=_DECIPHERED)


def _match(rule: Rule, score: float, text: str, searched: Iterable[Reading]) -> Finding | None:
    if rule.cased:
        match = rule.pattern.search(text, timeout=_SECONDS, concurrent=len(text) > _LONG)
        return Finding(kind=rule.kind, start=match.start(), end=match.end(), score=score) if match else None
    for reading in searched:
        match = rule.pattern.search(reading.text, timeout=_SECONDS, concurrent=len(text) > _LONG)
        if match is not None:
            start, end = reading.span(*match.span())
            return Finding(kind=rule.kind, start=start, end=end, score=score)
    return None


def _orders(searched: Iterable[Reading], *, in_data: bool) -> Iterable[Finding]:
    """The surest order of each kind, in whatever language."""
    best: dict[str, Finding] = {}
    for reading in searched:
        folded = fold(reading.text)
        for order in (*orders(folded), *broken(folded)):
            score = order.in_data if in_data else order.user
            if score > (best[order.kind].score if order.kind in best else 0):
                start, end = reading.span(order.start, order.end)
                best[order.kind] = Finding(kind=order.kind, start=start, end=end, score=score)
    return best.values()


def _hidden(text: str, *, in_data: bool, depth: int) -> Iterable[Finding]:
    """A finding for each of the first tricks; what all of them hide is read together."""
    tricks = hidden(text)
    if not tricks:
        return
    within = _within(" ".join(trick.payload for trick in tricks if trick.payload), in_data=in_data, depth=depth)
    for trick in tricks[:_TRICKS]:
        score = max(_HIDDEN[trick.kind], within if trick.payload else 0.0)
        yield Finding(kind=trick.kind, start=trick.start, end=trick.end, score=score)


def _encoded(found: Sequence[Payload], *, in_data: bool, depth: int, least: float) -> Iterable[Finding]:
    """What was encoded, all of it read together: an order may be spread over many codes, or stand after others."""
    if not found:
        return
    begins = list(accumulate((len(payload.text) + len(_BETWEEN) for payload in found), initial=0))
    whole = _BETWEEN.join(payload.text for payload in found)
    within = [finding for finding in _found(whole, in_data=in_data, depth=depth + 1) if finding.score]
    inside = combined(within)
    if not within or inside < least:
        return
    score = min(1.0, inside + _ENCODED)
    first = min(bisect_right(begins, min(finding.start for finding in within)) - 1, len(found) - 1)
    yield Finding(kind="encoded_payload", start=found[first].start, end=found[first].end, score=score)


def _within(payload: str, *, in_data: bool, depth: int) -> float:
    if not payload.strip() or depth >= _DEPTH:
        return 0.0
    return combined(_found(payload, in_data=in_data, depth=depth + 1))
