"""`citeward init`: a project of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citeward.cli.terminal import Terminal


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put the project; made where it is not there.")],
) -> int:
    """Copy the starter project: agents, tools, graphs, prompts, evals, and the guide as its documents."""

    from citeward.project.starter import init_project

    console = Terminal()
    for name in init_project(folder):
        console.print(f"  {folder / name}")
    console.print(f"\nNext: cd {folder} && citeward demo")
    return 0
