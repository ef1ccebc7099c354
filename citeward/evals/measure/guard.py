"""A guard measured alone: what does it stop, and what does it stop by mistake?

An item is taken where the guard's verdict is anything but ALLOW; its score is the verdict's own, and where the guard
has none for the whole text, that of its strongest finding, 0 without one.

- precision, recall, accuracy: at the shipped threshold.
- recall@fpr1, recall@fpr3: the recall of the best threshold that takes at most 1% or 3% of harmless texts.
- auc, auprc: areas under the ROC and the precision-recall curve.
- TAG.recall, TAG.accuracy: of the items with that tag alone.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from pydantic import Field

from citeward.contracts.guardrail import Action, Guardrail, Origin, Verdict
from citeward.evals import curves
from citeward.evals.dataset import Line, read_jsonl, sample
from citeward.evals.measure.measurement import Measurement, Progress, latency
from citeward.evals.statistics import Interval, bootstrap, proportion


class GuardItem(Line):
    """One line of the data."""

    text: str
    label: Literal[0, 1]
    """1 where the guard should act."""
    tag: str | None = Field(None, min_length=1)
    """A kind of item that is also reported apart."""


async def measure_guard(
    path: Path,
    *,
    guard: Guardrail,
    origin: Origin = Origin.USER,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Let the guard check every text of the file, one after another.

    Args:
        path: JSON Lines {text, label, tag?}.
        guard: As the policy has it.
        origin: Where the texts are said to come from.
        limit: Items to draw; None takes all.
        seed: Of drawing and of the bootstrap.
        progress: Told after each item.

    Raises:
        DataError: With file and line.
        GuardrailError: The guard could not decide.
    """
    items = sample(read_jsonl(path, GuardItem), limit, seed)
    taken: list[bool] = []
    scores: list[float] = []
    seconds: list[float] = []
    # The first check loads what the guard needs; it must not stand for a latency.
    await guard.check(items[0].text, origin=origin)
    for done, item in enumerate(items, 1):
        started = time.perf_counter()
        verdict = await guard.check(item.text, origin=origin)
        seconds.append(time.perf_counter() - started)
        taken.append(verdict.action is not Action.ALLOW)
        scores.append(_score(verdict))
        if progress is not None:
            progress(done, len(items))
    labels = [item.label for item in items]
    metrics = _at_threshold(labels, taken)
    if 0 < sum(labels) < len(labels):
        statistics = {
            "recall@fpr1": curves.recall_at(0.01, scores, labels),
            "recall@fpr3": curves.recall_at(0.03, scores, labels),
            "auc": curves.auc(scores, labels),
            "auprc": curves.average_precision(scores, labels),
        }
        metrics |= {name: bootstrap(statistic, len(items), seed=seed) for name, statistic in statistics.items()}
    for tag in sorted({item.tag for item in items if item.tag}):
        own = [place for place, item in enumerate(items) if item.tag == tag]
        found = _at_threshold([labels[place] for place in own], [taken[place] for place in own])
        metrics |= {f"{tag}.{name}": found[name] for name in ("recall", "accuracy") if name in found}
    metrics |= latency(seconds)
    settings = {"data": path.name, "guard": guard.name, "origin": str(origin), "positive": sum(labels), "seed": seed}
    return Measurement(part="guard", items=len(items), metrics=metrics, settings=settings)


def _score(verdict: Verdict) -> float:
    if verdict.score is not None:
        return verdict.score
    return max((finding.score for finding in verdict.findings), default=0.0)


def _at_threshold(labels: list[Literal[0, 1]], taken: list[bool]) -> dict[str, Interval]:
    """A share over nothing is left out: precision where nothing is taken, recall where nothing should be."""
    right = sum(took for took, label in zip(taken, labels, strict=True) if label)
    agreed = sum(took == bool(label) for took, label in zip(taken, labels, strict=True))
    metrics = {}
    if any(taken):
        metrics["precision"] = proportion(right, sum(taken))
    if any(labels):
        metrics["recall"] = proportion(right, sum(labels))
    metrics["accuracy"] = proportion(agreed, len(labels))
    return metrics
