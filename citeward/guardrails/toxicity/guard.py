"""Hateful, threatening, sexual and otherwise harmful text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from citeward.contracts.guardrail import Finding, Origin, Outgoing, StreamGuard, Verdict
from citeward.contracts.retrieval import Embedder
from citeward.guardrails.classifier.model import Classifier
from citeward.guardrails.classifier.surface import Numbers
from citeward.guardrails.classifier.trained import Trained
from citeward.guardrails.classifier.weights import FOLDER
from citeward.guardrails.classifier.windows import parts
from citeward.guardrails.table import Thresholds
from citeward.guardrails.toxicity.tone import ToneGuard
from citeward.guardrails.verdicts import judged

WEIGHTS = FOLDER / "toxicity.npz"
ANY = "toxic"
"""The head that says whether any kind of harm is there; the others name kinds."""
PART = 500
"""Characters of one part: in a longer one a few vile lines would be lost."""
_NAMED = 0.4
"""A kind is named from this score on."""
_MOST = 4
"""Parts of one text that are embedded, the worst by their surface."""


class ToxicityOptions(BaseModel):
    """The `options` of the `toxicity` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Path | None = None
    """A file of one's own in the place of the weights that ship; a relative path starts at the policy's folder."""


class ToxicityGuard:
    """Judges each part of a text by a trained classifier; the worst part's score is the text's.

    With the embedder that the weights were trained on it reads meaning as well as words; without one it judges by the
    surface alone, which finds about half as much. MODIFY is not offered for a whole text; there, it flags.

    Args:
        thresholds: By origin, from which score on what is done.
        embedder: The one that compares texts on this machine.
        weights: A file of weights; None takes those that ship.
        name: The guard's name in the policy table.
    """

    def __init__(
        self,
        thresholds: Mapping[Origin, Thresholds],
        *,
        embedder: Embedder | None = None,
        weights: Path | None = None,
        name: str = "toxicity",
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._trained = Trained(name, weights or WEIGHTS, embedder)

    async def warm(self) -> None:
        """Read the weights, in a thread."""
        await self._trained.loaded()

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Judge `text`; ALLOW where the policy asks for nothing of this origin."""
        limits = self._thresholds.get(origin)
        findings: list[Finding] = []
        score = 0.0
        if limits is not None and (spans := parts(text, PART)):
            classifier = await self._trained.loaded()
            scores = await classifier.judge([span.of(text) for span in spans], most=_MOST)
            for span, row in zip(spans, scores, strict=True):
                found = overall(classifier, row)
                score = max(score, found)
                if found >= limits.lowest:
                    findings += [
                        Finding(kind=kind, start=span.start, end=span.end, score=found)
                        for kind in kinds(classifier, row)
                    ]
        return judged(
            self.name,
            text,
            origin=origin,
            limits=limits,
            findings=findings,
            score=score,
            because="The text looks harmful",
        )

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:  # noqa: ARG002
        """The same by the surface alone, sentence by sentence; None where the policy leaves this origin out."""
        limits = self._thresholds.get(origin)
        if limits is None:
            return None
        classifier = self._trained.load()

        def judge(text: str) -> Finding | None:
            row = classifier.by_surface([text])[0]
            found = overall(classifier, row)
            if found < limits.lowest:
                return None
            return Finding(kind=kinds(classifier, row)[0], start=0, end=len(text), score=found)

        return ToneGuard(judge, limits)


def overall(classifier: Classifier, row: Numbers, /) -> float:
    """One score of a part's heads: the mean of the head for any harm and of the kinds taken as independent evidence."""
    place = classifier.weights.heads.index(ANY)
    others = [value for at, value in enumerate(row.tolist()) if at != place]
    left = 1.0
    for value in others:
        left *= 1 - value
    return round((float(row[place]) + 1 - left) / 2, 6) if others else round(float(row[place]), 6)


def kinds(classifier: Classifier, row: Numbers, /) -> list[str]:
    """The kinds that are likely, most likely first; where none is, the head for any harm."""
    named = [(value, kind) for kind, value in zip(classifier.weights.heads, row.tolist(), strict=True) if kind != ANY]
    return [kind for value, kind in sorted(named, reverse=True) if value >= _NAMED] or [ANY]
