"""`citeward models`: what the project can ask, compared, and what it takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeward.cli.compare import compare
from citeward.cli.options import JsonOption, ProjectOption, run
from citeward.cli.resources import resources
from citeward.cli.terminal import Terminal

if TYPE_CHECKING:
    from citeward.models.registry import Listing

models = typer.Typer(
    name="models",
    help="The project's models: listed, compared, and what they take.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
models.command("compare")(compare)
models.command("resources")(resources)

_STYLES = {"ready": "green", "not_loaded": "yellow", "unreachable": "red", "failed": "red"}


@models.command("list")
def list_models(
    *,
    project: ProjectOption = None,
    json: JsonOption = False,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long a server may take to say that it is there.")] = 2.0,
) -> int:
    """List the models with window, prices, tier and health. Nothing is loaded, and no token is spent."""
    import orjson

    found = run(_listed(project, seconds))
    if json:
        told = orjson.dumps([one.to_dict() for one in found], option=orjson.OPT_INDENT_2).decode()
        sys.stdout.write(told + "\n")
        return 0
    _show(found)
    return 0


async def _listed(root: Path | None, seconds: float) -> list[Listing]:
    from citeward.project.compared import listed_models
    from citeward.project.declared import find_project, read_project

    return await listed_models(read_project(root or find_project()), within=seconds)


def _show(found: list[Listing]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold")
    for heading in ("name", "provider"):
        table.add_column(heading, no_wrap=True)
    table.add_column("model", overflow="fold")
    for heading in ("tier", "location"):
        table.add_column(heading, no_wrap=True)
    table.add_column("window", justify="right", no_wrap=True)
    table.add_column("$/M\nin, out", justify="right", no_wrap=True)
    table.add_column("tools", no_wrap=True)
    table.add_column("health")
    notes = []
    for one in found:
        info, health = one.info, one.health
        price = f"{info.input_price:g}, {info.output_price:g}" if info.input_price or info.output_price else "free"
        state = str(health.state) if health else "–"
        latency = f" {health.latency_ms:.0f} ms" if health and health.latency_ms is not None else ""
        table.add_row(
            Text(info.name),
            one.provider,
            Text(one.served or "–"),
            Text(info.tier),
            str(info.location),
            f"{info.window:,}",
            price,
            "yes" if info.tools else "no",
            Text(state.replace("_", " ") + latency, style=_STYLES.get(state, "")),
        )
        if health and health.detail:
            notes.append(Text(f"{info.name}: {health.detail}", style="dim"))
    console = Terminal()
    console.print(table)
    for note in notes:
        console.print(note, soft_wrap=True)
