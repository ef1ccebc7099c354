"""`citeward policy`: the table of guards, and what they say of a text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citeward.cli.options import JsonOption, ProjectOption, run
from citeward.cli.terminal import Terminal, print_json, print_line
from citeward.contracts.guardrail import Action, Origin

if TYPE_CHECKING:
    from rich.table import Table

    from citeward.guardrails.explain import Explanation
    from citeward.guardrails.policy import Rails
    from citeward.guardrails.table import Policy
    from citeward.project.declared import Project

policy = typer.Typer(name="policy", help="The guardrail policy in force.", no_args_is_help=True, rich_markup_mode=None)

_STYLES = {Action.ALLOW: "green", Action.FLAG: "yellow", Action.MODIFY: "magenta", Action.BLOCK: "bold red"}


@policy.callback()
def _group() -> None:
    """The guardrail policy in force."""


@policy.command("show")
def show(project: ProjectOption = None, json: JsonOption = False) -> int:
    """Print the table in force: which guard acts on what, from which score on, and where the table is from."""

    declared = _project(project)
    table = _policy(declared)
    if json:
        _print_json({"from": _from(declared), **_table_json(table)})
        return 0
    console = Terminal()
    console.print(f"{table.source}, {_from(declared)}", soft_wrap=True)
    console.print(f"longest question: {table.max_input_chars:,} characters · hash {table.content_hash}", style="dim")
    console.print(_table(table))
    return 0


@policy.command("check")
def check(
    path: Annotated[Path | None, typer.Argument(help="A policy file; the one in force where not given.")] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> int:
    """Say whether a policy file can be used. The exit code is 2, and file and line are told, where it cannot."""
    from citeward.errors import ProjectError
    from citeward.guardrails.build import build_rails
    from citeward.guardrails.table import load_policy

    if path is not None and not path.is_file():
        raise ProjectError("no such file", hint="Name a policy file, or none for the one in force.", path=str(path))
    table = _policy(_project(project)) if path is None else build_rails(load_policy(path)).policy
    if json:
        _print_json({"valid": True, **_table_json(table)})
    else:
        names = ", ".join(rule.name for rule in table.guards) or "none"
        print_line(f"{table.source} is valid; its guards: {names}")
    return 0


@policy.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="The text; `-` reads it from standard input.")],
    origin: Annotated[Origin, typer.Option(help="Where the text is said to come from.")] = Origin.USER,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> int:
    """Say what each guard makes of a text: what it does, why, and where; and the text that would be carried on.

    A guard below one that blocks is not heard in a run; what it would say is shown all the same.
    """
    from citeward.guardrails.explain import as_dict
    from citeward.guardrails.explain import explain as explained

    if text == "-":
        text = sys.stdin.read()
    rails = _rails(_project(project))
    explanation = run(explained(rails, text, origin=origin))
    if json:
        _print_json({"origin": str(origin), **as_dict(explanation)})
    else:
        _show(explanation, rails.policy, origin)
    return 0


def _project(root: Path | None) -> Project:
    """The project; outside any, the starter, whose policy is the shipped one."""
    from citeward.errors import NotFound
    from citeward.project.declared import find_project, read_project
    from citeward.project.starter import starter

    try:
        return read_project(root or find_project())
    except NotFound:
        if root is not None:
            raise
        return read_project(starter())


def _rails(project: Project) -> Rails:
    from citeward.project.opened import open_rails
    from citeward.project.retrieval import local_embedder

    return open_rails(project, local_embedder(project))


def _policy(project: Project) -> Policy:
    return _rails(project).policy


def _from(project: Project) -> str:
    """Why this table and no other."""
    if project.settings.policy is None:
        return "the shipped policy: citeward.toml names none"
    return f"named by `policy` in {project.root / 'citeward.toml'}"


def _table_json(policy: Policy) -> dict[str, Any]:
    rows = [{**rule.model_dump(mode="json"), "line": policy.line(rule.name)} for rule in policy.guards]
    return {
        "source": policy.source,
        "hash": policy.content_hash,
        "max_input_chars": policy.max_input_chars,
        "guards": rows,
    }


def _table(policy: Policy) -> Table:
    from rich.table import Table

    table = Table("guard", "origin", "flag", "modify", "block", "on error", "timeout", "line", box=None)
    for rule in policy.guards:
        for at, (origin, limits) in enumerate(rule.origins.items()):
            own = [rule.on_error, f"{rule.timeout:g} s", str(policy.line(rule.name) or "")] if at == 0 else ["", "", ""]
            scores = [_score(limits.flag), _score(limits.modify), _score(limits.block)]
            table.add_row(rule.name if at == 0 else "", str(origin), *scores, *own)
    return table


def _show(explanation: Explanation, policy: Policy, origin: Origin) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("guard", "says", "score", box=None)
    table.add_column("found", overflow="fold")
    table.add_column("why", overflow="fold")
    for opinion in explanation.opinions:
        verdict = opinion.verdict
        found = "\n".join(f"{f.kind} {f.start}..{f.end} ({f.score:g})" for f in verdict.findings)
        says = Text(str(verdict.action), style=_STYLES[verdict.action])
        if not opinion.heard:
            says = Text(f"{verdict.action} (not heard)", style="dim")
        table.add_row(verdict.guard, says, _score(verdict.score), found, Text(verdict.reason))
    console = Terminal()
    console.print(f"{policy.source}, a text of {origin}", style="dim", soft_wrap=True)
    console.print(table)
    action = explanation.checked.action
    console.print(Text(f"→ {action}", style=_STYLES[action]))
    if action is not Action.BLOCK:
        console.print(explanation.checked.text, soft_wrap=True)


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _print_json(value: dict[str, Any]) -> None:

    print_json(value)
