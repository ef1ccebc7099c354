"""Personal data measured alone: is every span found, under its name, and nothing else?

A finding is right where a labelled span of the same name covers it by half or more (intersection over union); each
counts once.

Labels that the field uses for parts of what a guard finds as one are read as that, as Presidio's own evaluation does
(`LABELS`): a city, a street or a postcode is a LOCATION, a nationality an NRP, a web address a URL. Data sets differ in
whether they label an address as one span or as street, city and postcode; so places with nothing but spaces and
punctuation between them count as one, among the labels and among the findings. What a guard is not asked to look for
is left out of the figures and listed under `not_looked_for`; a label that no guard of Citeward knows counts as missed.

Figures are over all spans of all texts, then by entity as `EMAIL_ADDRESS.f1`. f2 weighs recall twice as
high as precision, as leaks cost more than a word too many taken out. F's bootstrap draws texts, since the
spans of one text are not independent.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from pydantic import Field, model_validator

from citeward.contracts.guardrail import Guardrail, Origin
from citeward.evals.dataset import Line, read_jsonl, sample
from citeward.evals.measure.measurement import Measurement, Progress, latency
from citeward.evals.statistics import Floats, Interval, Statistic, bootstrap, proportion

OVERLAP = 0.5
LABELS: Mapping[str, str] = {
    **dict.fromkeys(
        ("GPE", "LOC", "FAC", "ADDRESS", "STREET_ADDRESS", "STREET", "CITY", "STATE", "COUNTRY", "ZIP_CODE", "ZIPCODE",
         "POSTCODE", "BUILDING"),
        "LOCATION",
    ),
    **dict.fromkeys(("PER", "NAME", "FIRST_NAME", "LAST_NAME", "GIVENNAME", "SURNAME"), "PERSON"),
    **dict.fromkeys(("ORG", "COMPANY"), "ORGANIZATION"),
    **dict.fromkeys(("NORP", "NATIONALITY"), "NRP"),
    **dict.fromkeys(("DATE", "TIME", "BIRTHDAY", "DATE_OF_BIRTH"), "DATE_TIME"),
    **dict.fromkeys(("PREFIX", "JOB", "JOB_TITLE"), "TITLE"),
    **dict.fromkeys(("DOMAIN_NAME", "DOMAIN"), "URL"),
    "EMAIL": "EMAIL_ADDRESS",
    "PHONE": "PHONE_NUMBER",
    "SSN": "US_SSN",
    "IBAN": "IBAN_CODE",
    "IP": "IP_ADDRESS",
    "CREDITCARD": "CREDIT_CARD",
}  # fmt: skip
"""How the labels of public data sets are read."""
_IN_PARTS = "LOCATION"
_BETWEEN = re.compile(r"\W{0,8}")
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
        names: From the data's labels to the guard's kinds, where they differ; before LABELS.
        limit: Texts to draw; None takes all.
        seed: Of drawing and of the bootstrap.
        progress: Told after each text.

    Raises:
        DataError: With file and line.
        GuardrailError: The guard could not decide.
    """
    names = {**LABELS, **(names or {})}
    sought, known = _looked_for(guard)
    left_out: Counter[str] = Counter()
    items = sample(read_jsonl(path, PiiItem), limit, seed)
    counts: dict[str, Floats] = defaultdict(lambda: np.zeros((3, len(items))))
    seconds: list[float] = []
    # The first check loads what the guard needs; it must not stand for a latency.
    await guard.check(items[0].text, origin=origin)
    for place, item in enumerate(items):
        started = time.perf_counter()
        verdict = await guard.check(item.text, origin=origin)
        seconds.append(time.perf_counter() - started)
        spans = _by_kind(item.text, ((span.start, span.end, names.get(span.label, span.label)) for span in item.spans))
        findings = _by_kind(item.text, ((one.start, one.end, one.kind) for one in verdict.findings))
        for kind in spans.keys() | findings.keys():
            labelled, found = spans.get(kind, []), findings.get(kind, [])
            if kind in known and kind not in sought:
                left_out[kind] += len(labelled)
                continue
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
    settings: dict[str, object] = {
        "data": path.name,
        "guard": guard.name,
        "origin": str(origin),
        "overlap": OVERLAP,
        "seed": seed,
    }
    if left_out:
        settings["not_looked_for"] = dict(left_out.most_common())
    return Measurement(part="pii", items=len(items), metrics=metrics, settings=settings)


@runtime_checkable
class _LooksFor(Protocol):
    entities: Collection[str]
    """What it is asked to look for."""
    known: Collection[str]
    """What it could be asked for."""


def _looked_for(guard: Guardrail) -> tuple[Collection[str], Collection[str]]:
    return (guard.entities, guard.known) if isinstance(guard, _LooksFor) else ((), ())


def _by_kind(text: str, spans: Iterable[tuple[int, int, str]]) -> dict[str, list[tuple[int, int]]]:
    """The spans of each kind in order, the parts of a place as one."""
    kinds: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for start, end, kind in sorted(spans):
        own = kinds[kind]
        if kind == _IN_PARTS and own and _BETWEEN.fullmatch(text, own[-1][1], max(start, own[-1][1])):
            own[-1] = own[-1][0], max(own[-1][1], end)
        else:
            own.append((start, end))
    return kinds


def matched(labelled: Sequence[tuple[int, int]], found: Sequence[tuple[int, int]]) -> int:
    """How many findings can be paired with a labelled span that they overlap by half or more, best overlaps first."""
    pairs = sorted(
        ((_overlap(span, finding), i, j) for i, span in enumerate(labelled) for j, finding in enumerate(found)),
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
