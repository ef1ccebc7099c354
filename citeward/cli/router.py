"""`citeward router`: fits the router to results of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeward.cli.options import ProjectOption, project_folder, run
from citeward.cli.terminal import Terminal

if TYPE_CHECKING:
    from citeward.project.routing import Calibration

FILE = "router.json"
"""Where the fitted router is written, in the project."""

router = typer.Typer(name="router", help="The model router.", no_args_is_help=True, rich_markup_mode=None)


@router.callback()
def _group() -> None:
    """The model router."""


@router.command("fit")
def fit(
    *,
    data: Annotated[Path, typer.Option("--data", "-d", help="JSON Lines of {prompt, small: 0..1, large: 0..1}.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write; router.json in the project where not given.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the measurement to this file.")] = None,
    share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of questions for the larger model; 0.5 where --loss is not given."),
    ] = None,
    loss: Annotated[
        float | None, typer.Option(min=0, max=1, help="Quality that may be lost against always asking the larger one.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the folds and of the intervals.")] = 0,
    project: ProjectOption = None,
) -> int:
    """Learn from how good a small and a large model's answers were which questions need the large one.

    What is printed comes from questions that were held out. The file holds weights and counts, and no text.
    """

    from citeward.evals.measure.measurement import render, write_json
    from citeward.models.router.fitted import to_dict

    root = project_folder(project)
    calibration = run(_fit(root, data, share, loss, seed))
    where = out or (root or Path()) / FILE
    write_json(where, to_dict(calibration.fitted))
    console = Terminal()
    console.print(render(calibration.measurement))
    console.print(_told(calibration, where), soft_wrap=True)
    if json is not None:
        write_json(json, calibration.measurement.to_dict())
    return 0


async def _fit(root: Path | None, data: Path, share: float | None, loss: float | None, seed: int) -> Calibration:
    from citeward.project.declared import read_project
    from citeward.project.routing import fitted_routing
    from citeward.project.starter import starter

    return await fitted_routing(read_project(root or starter()), data, share=share, loss=loss, seed=seed)


def _told(calibration: Calibration, where: Path) -> str:
    """What was learned, in a few lines; the honest word first where it is not worth having."""
    measurement, fitted = calibration.measurement, calibration.fitted
    gain = measurement.metrics["apgr-length"]
    if gain.low > 0:
        verdict = "It beats the length of the prompt alone"
    elif gain.value > 0:
        verdict = "It may be better than the length of the prompt alone, but this data cannot tell"
    else:
        verdict = "It is no better than the length of the prompt alone: collect more results, or do without it"
    folds = ", ".join(f"{fold['apgr']:.3f}" for fold in measurement.settings["folds"] if "apgr" in fold)
    share = fitted.provenance["share"]
    return (
        f"{verdict} (APGR {gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f}). By fold: {folds}.\n"
        f"Threshold {fitted.threshold:.3f}: {share:.0%} of such questions go to the larger model.\n"
        f'Written to {where}. To use it, set `fitted = "{where.name}"` under [router] in citeward.toml.'
    )
