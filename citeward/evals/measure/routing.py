"""Routing measured alone: what quality do calls of the larger model buy, if they go where a score says?

Every prompt is judged by a fit that had not seen it (nested cross-validation, `citeward.models.router.fit`).

- small.quality, large.quality: mean quality of always-small and always-large.
- apgr: average performance gap recovered, `citeward.evals.tradeoff`; 0.5 is a random order.
- random.apgr: of random orders, ten of them averaged; length.apgr: longest prompt first, the baseline to beat;
  thumb.apgr: rules of thumb, as the router judges before it is fitted; surface.apgr: a fit without vectors;
  fitted.apgr: the project's own fitted file. That one is flattered where it was fitted on this very data.
- apgr-length: the difference, of the same items.
- quality@N, random.quality@N, length.quality@N: mean quality where N % of the prompts go to the larger model.
- calls.N, length.calls.N: share of prompts that must go to the larger model to recover N % of the gap.

Where the larger model is not better on the whole there is no gap, and figures about one are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from citeward.contracts.retrieval import Embedder
from citeward.evals import tradeoff
from citeward.evals.dataset import Line, read_jsonl, sample
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.evals.statistics import Floats, Interval, Statistic, bootstrap, mean
from citeward.models.router.difficulty import thumb
from citeward.models.router.fit import HeldOut, Outcomes, cross_validate, lengths
from citeward.models.router.fitted import Fitted

SHARES = (20, 40, 60, 80)
"""Percent of prompts for the larger model, at which quality is told."""
RECOVERED = (50, 80)
"""Percent of the gap, for which calls are told."""
RANDOM_ORDERS = 10
_BATCH = 64


class RoutingItem(Line):
    """One line of the data."""

    prompt: str
    small: float = Field(ge=0, le=1)
    """How good the small model's answer was; right or wrong as 1 or 0."""
    large: float = Field(ge=0, le=1)


async def measure_routing(
    path: Path,
    *,
    embedder: Embedder | None = None,
    fitted: Fitted | None = None,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Cross-validate the router's judge of difficulty on the results of a small and a large model.

    Args:
        path: JSON Lines {prompt, small, large}.
        embedder: Of the prompts; None judges by their surface alone.
        fitted: The project's fitted file, measured beside.
        limit: Items to draw; None takes all.
        seed: Of drawing, of the folds and of the bootstrap.
        progress: Told as prompts are embedded.

    Raises:
        DataError: With file and line.
        InvalidInput: There are not two different prompts.
    """
    outcomes = await read_outcomes(path, embedder=embedder, limit=limit, seed=seed, progress=progress)
    return assess(outcomes, cross_validate(outcomes, seed=seed), data=path.name, fitted=fitted, seed=seed)


async def read_outcomes(
    path: Path,
    *,
    embedder: Embedder | None = None,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Outcomes:
    """The file's prompts with their vectors and results; DataError with file and line where one is wrong."""
    items = sample(read_jsonl(path, RoutingItem), limit, seed)
    prompts = tuple(item.prompt for item in items)
    rows = []
    for first in range(0, len(prompts) if embedder is not None else 0, _BATCH):
        assert embedder is not None
        rows.append(await embedder.embed(prompts[first : first + _BATCH], queries=True))
        if progress is not None:
            progress(min(first + _BATCH, len(prompts)), len(prompts))
    return Outcomes(
        prompts=prompts,
        small=np.array([item.small for item in items]),
        large=np.array([item.large for item in items]),
        vectors=np.vstack(rows) if rows else None,
        embedder=embedder.name if embedder is not None else "",
    )


def assess(
    outcomes: Outcomes, held_out: HeldOut, *, data: str, fitted: Fitted | None = None, seed: int = 0
) -> Measurement:
    """The figures of a cross-validation, beside those of the baselines."""
    small, large, n = outcomes.small, outcomes.large, len(outcomes.prompts)
    scores: dict[str, Floats] = {"": held_out.gains, "length.": lengths(outcomes.prompts)}

    def of(statistic: Callable[..., Statistic], scores: Floats) -> Statistic:
        return statistic(scores, small, large)

    def told(statistic: Statistic) -> Interval:
        return bootstrap(statistic, n, seed=seed)

    metrics = {"small.quality": mean(small, seed=seed), "large.quality": mean(large, seed=seed)}
    gap = float((large - small).mean()) > 0
    if gap:
        areas = {name: of(tradeoff.apgr, score) for name, score in (scores | _more(outcomes, fitted, seed)).items()}
        areas["random."] = tradeoff.averaged([of(tradeoff.apgr, order) for order in _random_orders(n, seed)])
        metrics |= {f"{name}apgr": told(area) for name, area in areas.items()}
        metrics["apgr-length"] = told(tradeoff.difference(areas[""], areas["length."]))
    for prefix, score in (scores | {"random.": np.zeros(n)}).items():
        metrics |= {
            f"{prefix}quality@{share}": told(tradeoff.quality_at(share / 100, score, small, large)) for share in SHARES
        }
    for prefix, score in scores.items() if gap else ():
        metrics |= {
            f"{prefix}calls.{part}": told(tradeoff.calls_for(part / 100, score, small, large)) for part in RECOVERED
        }
    settings = {
        "data": data,
        "embedder": outcomes.embedder,
        "seed": seed,
        "folds": _by_fold(outcomes, held_out),
        "curve": _curve(held_out.gains, outcomes),
    }
    return Measurement(part="routing", items=n, metrics=metrics, settings=settings)


def _more(outcomes: Outcomes, fitted: Fitted | None, seed: int) -> dict[str, Floats]:
    """What else a prompt may be judged by, for comparison."""
    more = {"thumb.": np.array([thumb(prompt) for prompt in outcomes.prompts])}
    if outcomes.vectors is not None:
        more["surface."] = cross_validate(outcomes.without_vectors(), seed=seed).gains
    if fitted is not None and fitted.embedder in ("", outcomes.embedder):
        vectors = outcomes.vectors if fitted.embedder else None
        judged = [
            fitted.judge(prompt, None if vectors is None else vectors[place])
            for place, prompt in enumerate(outcomes.prompts)
        ]
        more["fitted."] = np.array([one.large - one.small for one in judged])
    return more


def _random_orders(n: int, seed: int) -> list[Floats]:
    generator = np.random.default_rng([seed, 1])
    return [generator.random(n) for _ in range(RANDOM_ORDERS)]


def _by_fold(outcomes: Outcomes, held_out: HeldOut) -> list[dict[str, Any]]:
    """What each fold alone says; they differ far more than the whole, since each is small."""
    found = []
    for fold, penalties in enumerate(held_out.penalties):
        own = held_out.folds == fold
        small, large = outcomes.small[own], outcomes.large[own]
        ones = np.ones((1, int(own.sum())))
        row: dict[str, Any] = {"items": int(own.sum()), "penalties": [penalties.surface, penalties.vector]}
        if float((large - small).mean()) > 0:
            for name, scores in (("apgr", held_out.gains), ("length.apgr", lengths(outcomes.prompts))):
                row[name] = round(float(tradeoff.apgr(scores[own], small, large)(ones)[0]), 4)
        found.append(row)
    return found


def _curve(scores: Floats, outcomes: Outcomes) -> list[list[float]]:
    """Share of calls and mean quality, in steps of 5 %; for a plot."""
    ones = np.ones((1, len(scores)))
    steps = [step / 20 for step in range(21)]
    qualities = [tradeoff.quality_at(step, scores, outcomes.small, outcomes.large)(ones)[0] for step in steps]
    return [[step, round(float(quality), 4)] for step, quality in zip(steps, qualities, strict=True)]
