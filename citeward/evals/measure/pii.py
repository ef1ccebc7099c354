"""Personal data measured alone: is every span found, under its name, and nothing else?

A finding is right where a labelled span of the same name covers it by half or more (intersection over union); each
counts once. Figures are over all spans of all texts, then by entity as `EMAIL_ADDRESS.f1`. f2 weighs recall twice as
high as precision, as leaks cost more than a word too many taken out. F's bootstrap draws texts, since the
spans of one text are not independent.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, model_validator

from citeward.contracts.guardrail import Finding, Guardrail, Origin
from citeward.evals.dataset import Line, read_jsonl, sample
from citeward.evals.measure.measurement import Measurement, Progress, latency
from citeward.evals.statistics import Floats, Interval, Statistic, bootstrap, proportion

OVERLAP = 0.5
_ALL = ""
_UNKNOWN = Interval(value=0.5, low=0.0, high=1.0)


class LabelledSpan(Line):
    """Characters `start` to `end` (exclusive) of the text."""

    start: int = Field(ge=0)
    end: int
    label: str = Field(min_length=1)


class PiiItem(Line):
    """One line of the data."""

    text: str
    spans: tuple[LabelledSpan, ...]

    @model_validator(mode="after")
    def _inside(self) -> PiiItem:
        for span in self.spans:
            if not span.start < span.end <= len(self.text):
                raise ValueError(
                    f"the span {span.start}..{span.end} is not within the text's {len(self.text)} characters"
                )
        return self


async def measure_pii(
    path: Path,
    *,
    guard: Guardrail,
    origin: Origin = Origin.USER,
    names: Mapping[str, str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Let the guard look for personal data in every text of the file.

    Args:
        path: JSON Lines {text, spans: [{start, end, label}]}.
        guard: As the policy has it; its findings' kinds are the entities' names.
        origin: Where the texts are said to come from.
        names: From the data's labels to the guard's kinds, where they differ.
        limit: Texts to draw; None takes all.
        seed: Of drawing and of the bootstrap.
        progress: Told after each text.

    Raises:
        DataError: With file and line.
        GuardrailError: The guard could not decide.
    """
    names = names or {}
    items = sample(read_jsonl(path, PiiItem), limit, seed)
    counts: dict[str, Floats] = defaultdict(lambda: np.zeros((3, len(items))))
    seconds: list[float] = []
    # The first check loads what the guard needs; it must not stand for a latency.
    await guard.check(items[0].text, origin=origin)
    for place, item in enumerate(items):
        started = time.perf_counter()
        verdict = await guard.check(item.text, origin=origin)
        seconds.append(time.perf_counter() - started)
        spans = [(span.start, span.end, names.get(span.label, span.label)) for span in item.spans]
        for kind in {kind for _, _, kind in spans} | {finding.kind for finding in verdict.findings}:
            labelled = [(start, end) for start, end, other in spans if other == kind]
            found = [finding for finding in verdict.findings if finding.kind == kind]
            right = matched(labelled, found)
            tally = (right, len(found) - right, len(labelled) - right)
            counts[kind][:, place] += tally
            counts[_ALL][:, place] += tally
        if progress is not None:
            progress(place + 1, len(items))
    metrics: dict[str, Interval] = {}
    for kind in sorted(counts):
        metrics |= _figures(counts[kind], f"{kind}." if kind else "", seed)
    metrics |= latency(seconds)
    settings = {"data": path.name, "guard": guard.name, "origin": str(origin), "overlap": OVERLAP, "seed": seed}
    return Measurement(part="pii", items=len(items), metrics=metrics, settings=settings)


def matched(labelled: Sequence[tuple[int, int]], found: Sequence[Finding]) -> int:
    """How many findings can be paired with a labelled span that they overlap by half or more, best overlaps first."""
    pairs = sorted(
        (
            (_overlap(span, (finding.start, finding.end)), i, j)
            for i, span in enumerate(labelled)
            for j, finding in enumerate(found)
        ),
        reverse=True,
    )
    spans, findings = set[int](), set[int]()
    for overlap, i, j in pairs:
        if overlap >= OVERLAP and i not in spans and j not in findings:
            spans.add(i)
            findings.add(j)
    return len(spans)


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return shared / ((a[1] - a[0]) + (b[1] - b[0]) - shared) if shared else 0.0


def _figures(counts: Floats, prefix: str, seed: int) -> dict[str, Interval]:
    """A share over nothing is left out: precision where nothing was found, recall where nothing was to be."""
    right, wrong, missed = (int(total) for total in counts.sum(axis=1))
    precision = proportion(right, right + wrong) if right + wrong else None
    recall = proportion(right, right + missed) if right + missed else None
    metrics = {"precision": precision, "recall": recall}
    for beta in (1, 2):
        found = bootstrap(_f(beta, counts), counts.shape[1], seed=seed)
        if found.low == found.high:
            # All right or all wrong in every sample drawn: a width of nothing would be a boast. F grows with both
            # shares, so the ends of their intervals bound it.
            p, r = precision or _UNKNOWN, recall or _UNKNOWN
            low, high = _combined(beta, p.low, r.low), _combined(beta, p.high, r.high)
            found = Interval(value=found.value, low=min(found.value, low), high=max(found.value, high))
        metrics[f"f{beta}"] = found
    return {prefix + name: found for name, found in metrics.items() if found is not None}


def _combined(beta: int, precision: float, recall: float) -> float:
    weighted = beta * beta * precision + recall
    return (1 + beta * beta) * precision * recall / weighted if weighted else 0.0


def _f(beta: int, counts: Floats) -> Statistic:
    right, wrong, missed = counts
    square = beta * beta
    part, whole = (1 + square) * right, (1 + square) * right + square * missed + wrong

    def statistic(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            share: Floats = (weights @ part) / (weights @ whole)
            return share

    return statistic
