"""`citeward cache`: learns from pairs of your own how alike two questions must be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeward.cli.exits import Exit
from citeward.cli.options import ProjectOption, project_folder, run
from citeward.cli.terminal import Terminal

if TYPE_CHECKING:
    from citeward.project.cache import CacheCalibration

FILE = "cache.json"
"""Where the fitted threshold is written, in the project."""

cache = typer.Typer(name="cache", help="The answer cache.", no_args_is_help=True, rich_markup_mode=None)


@cache.callback()
def _group() -> None:
    """The answer cache."""


@cache.command("fit")
def fit(
    *,
    data: Annotated[Path, typer.Option("--data", "-d", help="JSON Lines of {a, b, same: 0 or 1}.")],
    bound: Annotated[float, typer.Option(min=0.001, max=0.5, help="Share of hits that may be wrong.")] = 0.02,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write; cache.json in the project where not given.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the measurement to this file.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split into two halves.")] = 0,
    project: ProjectOption = None,
) -> int:
    """Learn the least cosine at which no more than a share of the hits is wrong.

    It is learned from one half of the pairs and tried on the other. Where the other half does not bear it out, nothing
    is written and the exit code is 4. The file holds the threshold and counts, and no text.
    """

    from citeward.cache.fitted import to_dict
    from citeward.evals.measure.measurement import render, write_json

    root = project_folder(project)
    calibration = run(_fit(root, data, bound, seed))
    where = out or (root or Path()) / FILE
    console = Terminal()
    console.print(render(calibration.measurement))
    console.print(_told(calibration, where), soft_wrap=True)
    if json is not None:
        write_json(json, calibration.measurement.to_dict())
    if not calibration.fitted.borne_out:
        return Exit.GATE
    write_json(where, to_dict(calibration.fitted))
    return Exit.DONE


async def _fit(root: Path | None, data: Path, bound: float, seed: int) -> CacheCalibration:
    from citeward.cli.progress import counting
    from citeward.project.cache import fitted_cache
    from citeward.project.declared import read_project
    from citeward.project.starter import starter

    project = read_project(root or starter())
    return await fitted_cache(project, data, error_bound=bound, seed=seed, progress=counting())


def _told(calibration: CacheCalibration, where: Path) -> str:
    fitted = calibration.fitted
    learned, held_out = fitted.learned, fitted.held_out
    lines = [
        f"Threshold {fitted.threshold:.3f} for {fitted.embedder}. In the half that it was learned from, "
        f"{learned.false_hits} of {learned.hits} hits are wrong: at most {learned.bound:.3f}, with 95 % confidence.",
        f"Held out: {held_out.false_hits} of {held_out.hits} hits are wrong, at most {held_out.bound:.3f}.",
    ]
    if fitted.borne_out:
        lines.append(f'Written to {where}. To use it, set `fitted = "{where.name}"` under [cache] in citeward.toml.')
    else:
        lines.append(
            f"That is more than {fitted.error_bound:g}, so nothing was written: collect more pairs, or look whether "
            "the wrong ones are labelled rightly."
        )
    return "\n".join(lines)
