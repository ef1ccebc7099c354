"""`citeward demo`: the whole way once, on the project's own documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from citeward.cli.options import ProjectOption, run
from citeward.cli.terminal import Terminal, plain

if TYPE_CHECKING:
    from rich.console import Console

    from citeward.contracts.evaluation import Case
    from citeward.project.declared import Project
    from citeward.project.opened import OpenProject

TAG = "demo"
"""Golden cases with this tag are what the demo asks."""


def demo(project: ProjectOption = None) -> int:
    """Index the project's documents and ask a few of its golden questions, one of them without an answer.

    Outside any project, the starter project is used, with a store that is thrown away.
    """
    from citeward.errors import NotFound
    from citeward.project.declared import find_project
    from citeward.project.starter import starter

    try:
        root, own = project or find_project(), True
    except NotFound:
        root, own = starter(), False
    return run(_demo(root, own=own))


async def _demo(root: Path, *, own: bool) -> int:
    from citeward.project.declared import read_project
    from citeward.project.retrieval import scratch_store

    project = read_project(root)
    if own:
        return await _shown(project)
    async with scratch_store(project) as scratch:
        return await _shown(scratch)


async def _shown(project: Project) -> int:

    from citeward.cli.index import index_documents, show_report
    from citeward.project.opened import open_project

    console = Terminal()
    console.rule(f"indexing {', '.join(str(path) for path in project.settings.documents)}", align="left")
    show_report(console, await index_documents(project, [], console))
    async with open_project(project, keep_threads=False) as opened:
        failed = [case for case in demo_cases(project) if not await _ask(console, opened, case)]
    console.rule(align="left")
    if failed:
        console.print(f"{len(failed)} of the questions did not go as expected: {', '.join(c.id for c in failed)}")
        return 1
    console.print('Ask your own: citeward ask "…", or talk: citeward chat')
    return 0


def demo_cases(project: Project) -> list[Case]:
    """The golden cases that are marked for the demo, over all suites; those that need tools come last."""
    from citeward.evals.suite import load_suite
    from citeward.project.models import needle_installed

    suites = [load_suite(path) for path in sorted((project.root / "evals").glob("*.yaml"))]
    cases = [case for suite in suites for case in suite.cases if TAG in case.tags]
    return [case for case in cases if not case.tools] + [case for case in cases if case.tools and needle_installed()]


async def _ask(console: Console, opened: OpenProject, case: Case) -> bool:
    """Ask one question; whether it ended as its case says."""
    from citeward.cli.render import show, show_citations, show_footer
    from citeward.contracts.event import Answered

    console.rule(plain(case.question, "bold"), align="left")
    answer = None
    async for event in opened.agent().run(case.question):
        show(console, event)
        if isinstance(event, Answered):
            answer = event.answer
    assert answer is not None, "a run ends with an answer or an error"
    console.print()
    show_citations(console, answer)
    show_footer(console, answer)
    return answer.outcome == case.outcome
