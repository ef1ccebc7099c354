"""`citeward measure`: one part alone, on your own labelled data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from citeward.cli.options import AgentOption, ProjectOption, run
from citeward.cli.progress import counting
from citeward.cli.terminal import Terminal
from citeward.contracts.guardrail import Origin

if TYPE_CHECKING:
    from citeward.evals.measure.measurement import Measurement


def measure(
    part: Annotated[str, typer.Argument(help="retrieval, answers, guard, pii, tools, routing, attacks or cache.")],
    name: Annotated[str | None, typer.Argument(help="The guard's name in the policy, for `guard`.")] = None,
    *,
    data: Annotated[Path, typer.Option("--data", "-d", help="The labelled data: a folder or a JSON Lines file.")],
    json: Annotated[Path | None, typer.Option("--json", help="Write the measurement to this file.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Draw this many questions instead of taking all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the drawing and of the intervals.")] = 0,
    origin: Annotated[Origin, typer.Option(help="Where a guard is told that the texts come from.")] = Origin.USER,
    entities: Annotated[
        Literal["policy", "all"], typer.Option(help="For `pii`: what the policy looks for, or all that can be.")
    ] = "policy",
    agent: AgentOption = None,
    project: ProjectOption = None,
) -> int:
    """Measure one part with 95 % intervals. It works in a store of its own and leaves the project's as it is."""

    from citeward.evals.measure.measurement import render, write_json

    measurement = run(_measure(part, name, data, origin, entities, agent, limit, seed, project))
    Terminal().print(render(measurement))
    if json is not None:
        write_json(json, measurement.to_dict())
    return 0


async def _measure(
    part: str,
    name: str | None,
    data: Path,
    origin: Origin,
    entities: Literal["policy", "all"],
    agent: str | None,
    limit: int | None,
    seed: int,
    root: Path | None,
) -> Measurement:
    from citeward.errors import NotFound
    from citeward.project.declared import find_project
    from citeward.project.measured import measure_part
    from citeward.project.starter import starter

    try:
        folder = root or find_project()
    except NotFound:
        folder = starter()  # outside any project, the starter's own settings are measured
    return await measure_part(
        part,
        data,
        root=folder,
        name=name,
        origin=origin,
        entities=entities,
        agent=agent,
        limit=limit,
        seed=seed,
        progress=counting(),
    )
