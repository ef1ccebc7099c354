"""`citeward eval`: runs golden suites; the exit code is the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citeward.cli.options import ProjectOption, run
from citeward.cli.terminal import Terminal


def evaluate(
    suite: Annotated[str, typer.Argument(help="Name of a file in evals/, without .yaml.")] = "docs",
    project: ProjectOption = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the report as JSON to this file.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")] = None,
) -> int:
    """Run a golden suite against its agent and judge it by its gate. Index the documents first.

    The exit code is 4 where a threshold was missed.
    """
    return run(_evaluate(suite, project, json, junit))


async def _evaluate(name: str, root: Path | None, json: Path | None, junit_file: Path | None) -> int:

    from citeward.cli.exits import Exit
    from citeward.evals.measure.measurement import write_json
    from citeward.evals.report import junit, render, to_dict
    from citeward.evals.runner import run_suite
    from citeward.evals.scorers import build_scorers
    from citeward.evals.suite import find_suite
    from citeward.evals.target import agent_target
    from citeward.project.opened import open_project

    async with open_project(root, keep_threads=False) as opened:
        folder = opened.project.root / "evals"
        loaded = find_suite(folder, name)
        agent = opened.agent(loaded.suite.agent)

        async def text(document_id: str) -> str:
            return (await opened.retrieval.store.document(document_id)).text

        scorers = build_scorers(loaded.suite.scorers, document_text=text, seconds=loaded.suite.seconds)
        report = await run_suite(loaded, agent_target(agent), scorers)
    Terminal().print(render(report))
    if json is not None:
        write_json(json, to_dict(report))
    if junit_file is not None:
        junit_file.write_text(junit(report), encoding="utf-8")  # noqa: ASYNC240 - nothing else runs by now
    return Exit.DONE if report.passed else Exit.GATE
