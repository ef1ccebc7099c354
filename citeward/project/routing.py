"""The project's router: fitted on results, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citeward.errors import InvalidInput
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.evals.measure.routing import assess, measure_routing, read_outcomes
from citeward.evals.tradeoff import calls_for
from citeward.models.router.fit import Outcomes, cross_validate, fit
from citeward.models.router.fitted import Fitted, read_fitted
from citeward.project.declared import Project
from citeward.project.retrieval import open_retrieval

LEAST = 50
"""Results from which a fit says anything."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A fitted router, and what was seen of it on prompts that were held out."""

    fitted: Fitted
    measurement: Measurement


async def measured_routing(
    project: Project, data: Path, *, limit: int | None = None, seed: int = 0, progress: Progress | None = None
) -> Measurement:
    """The judge of difficulty, cross-validated with the project's embedder, beside the project's own fitted file."""
    fitted = project.settings.router.fitted
    async with open_retrieval(project) as parts:
        return await measure_routing(
            data,
            embedder=parts.local,
            fitted=read_fitted(project.path(fitted)) if fitted is not None else None,
            limit=limit,
            seed=seed,
            progress=progress,
        )


async def fitted_routing(
    project: Project,
    data: Path,
    *,
    share: float | None = None,
    loss: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Calibration:
    """Fit the judge of difficulty on results, and choose its threshold.

    Args:
        project: Whose embedder is used.
        data: JSON Lines {prompt, small, large}.
        share: Share of such prompts that the larger model should answer; one half where `loss` is None too.
        loss: Mean quality, 0..1, that may be lost against always-large; the least share that keeps to it is taken.
        seed: Of the folds and the intervals.
        progress: Told as prompts are embedded.

    Raises:
        DataError: With file and line.
        InvalidInput: There are too few results, the larger model is not the better one, or both `share` and `loss`
            are given.
    """
    if share is not None and loss is not None:
        raise InvalidInput(f"share {share!r} and loss {loss!r} cannot both be kept to", hint="Give one of the two.")
    async with open_retrieval(project) as parts:
        outcomes = await read_outcomes(data, embedder=parts.local, progress=progress)
    gap = float((outcomes.large - outcomes.small).mean())
    if len(outcomes.prompts) < LEAST:
        raise InvalidInput(
            f"{data.name!r} holds {len(outcomes.prompts)} results, too few to learn from",
            hint=f"Give {LEAST} at least, better some hundred.",
        )
    if gap <= 0:
        raise InvalidInput(
            f"the larger model's answers in {data.name!r} are not better on the whole ({gap:+.3f})",
            hint="Let the small model answer everything, or score both models' answers to harder questions.",
        )
    held_out = cross_validate(outcomes, seed=seed)
    wanted = _share_for(loss, outcomes, held_out.gains) if loss is not None else 0.5 if share is None else share
    measurement = assess(outcomes, held_out, data=data.name, seed=seed)
    apgr = measurement.metrics["apgr"]
    provenance = {"share": round(wanted, 4), "apgr": [round(one, 4) for one in (apgr.value, apgr.low, apgr.high)]}
    return Calibration(
        fitted=fit(outcomes, held_out, share=wanted, seed=seed, provenance=provenance), measurement=measurement
    )


def _share_for(loss: float, outcomes: Outcomes, gains: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The least share of calls that loses no more than that against always-large, by prompts that were held out."""
    if not 0 <= loss <= 1:
        raise InvalidInput(f"the loss {loss!r} is out of range", hint="Give a difference in quality, 0 to 1.")
    gap = float((outcomes.large - outcomes.small).mean())
    if loss >= gap:
        return 0.0
    statistic = calls_for(1 - loss / gap, gains, outcomes.small, outcomes.large)
    return float(statistic(np.ones((1, len(gains))))[0])
