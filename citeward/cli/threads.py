"""`citeward threads`: what is kept of conversations, and how it is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citeward.cli.options import AgentOption, JsonOption, ProjectOption, run
from citeward.cli.terminal import Terminal, print_json, print_line

threads = typer.Typer(name="threads", help="List, show and delete what is kept of conversations.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The thread's name, as `chat` and `threads list` print it.")]


@threads.command("list")
def listed(agent: AgentOption = None, project: ProjectOption = None, json: JsonOption = False) -> int:
    """List your threads with an agent, the last used first."""
    return run(_list(agent, project, json))


@threads.command("show")
def show(name: NameArgument, agent: AgentOption = None, project: ProjectOption = None, json: JsonOption = False) -> int:
    """Print what was said in a thread."""
    return run(_show(name, agent, project, json))


@threads.command("forget")
def forget(name: NameArgument, agent: AgentOption = None, project: ProjectOption = None) -> int:
    """Delete all that is kept of a thread."""
    return run(_forget(name, agent, project))


@threads.command("rekey")
def rekey(project: ProjectOption = None) -> int:
    """Encrypt everything with the key that is in use now, so that older keys can be given up.

    Every running server must know the new key by then.
    """
    return run(_rekey(project))


async def _list(agent: str | None, project: Path | None, json: bool) -> int:
    from rich.table import Table

    from citeward.project.opened import open_project

    async with open_project(project) as opened:
        found = await opened.agent(agent).threads()
    if json:
        rows = [{"thread": thread.name, "changed": thread.changed.isoformat()} for thread in found]
        print_json(rows)
        return 0
    table = Table("thread", "last used (UTC)", box=None, header_style="bold")
    for thread in found:
        table.add_row(thread.name, f"{thread.changed:%Y-%m-%d %H:%M}")
    Terminal().print(table)
    return 0


async def _show(name: str, agent: str | None, project: Path | None, json: bool) -> int:
    from rich.text import Text

    from citeward.project.opened import open_project

    async with open_project(project) as opened:
        told = await opened.agent(agent).said(name)
    if not told:
        raise _missing(name)
    if json:
        rows = [{"by": one.by, "text": one.text} for one in told]
        print_json(rows)
        return 0
    console = Terminal()
    for one in told:
        console.print(Text(f"{one.by} › ", style="bold") + Text(one.text))
    return 0


async def _forget(name: str, agent: str | None, project: Path | None) -> int:
    from citeward.project.opened import open_project

    async with open_project(project) as opened:
        if not await opened.agent(agent).forget(name):
            raise _missing(name)
    print_line(f"forgot {name}")
    return 0


async def _rekey(project: Path | None) -> int:
    from contextlib import AsyncExitStack

    from citeward.project.declared import find_project, read_project
    from citeward.project.threads import open_threads

    async with AsyncExitStack() as stack:
        changed = await (await open_threads(read_project(project or find_project()), stack)).rekey()
    print_line(f"{changed:,} values encrypted anew")
    return 0


def _missing(name: str) -> Exception:
    from citeward.errors import NotFound

    return NotFound(f"no thread {name!r}", hint="`citeward threads list` names those there are; see --agent too.")
