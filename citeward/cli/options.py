"""Options that several commands share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", "-p", help="Folder with citeward.toml; found from here upwards where not given."),
]
AgentOption = Annotated[
    str | None, typer.Option("--agent", "-a", help="The agent; the project's default where not given.")
]
ThreadOption = Annotated[str | None, typer.Option("--thread", "-t", help="Go on with this thread.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def project_folder(given: Path | None) -> Path | None:
    """The project's folder; None outside any project, where the starter's settings are used."""
    from citeward.errors import NotFound
    from citeward.project.declared import find_project

    try:
        return given or find_project()
    except NotFound:
        return None


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; Ctrl-C cancels it and waits for it to clean up."""
    quiet()
    return asyncio.run(coroutine)


def quiet() -> None:
    """Send the libraries' and our own logs to stderr, warnings and worse only, so that stdout is the command's own.

    CITEWARD_LOG=info (or debug, warning, error) shows more or less. Without it, what model servers say is not shown,
    even masked: the command's own error says what failed.
    """
    import logging
    import os

    from citeward.cli.logs import show_logs

    wanted = os.environ.get("CITEWARD_LOG", "").upper()
    level = logging.getLevelNamesMapping().get(wanted)
    show_logs(level or logging.WARNING, "text", others=logging.ERROR, upstream=level is not None)
