"""`citeward ask`: one question, one answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from citeward.cli.options import AgentOption, JsonOption, ProjectOption, ThreadOption, run
from citeward.cli.terminal import Terminal, print_json


def ask(
    question: Annotated[str, typer.Argument(help="The question; `-` reads it from standard input.")],
    agent: AgentOption = None,
    thread: ThreadOption = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> int:
    """Ask one question and print the answer with its citations.

    The exit code is 3 where the documents do not answer it or a guard stopped it.
    """
    if question == "-":
        question = sys.stdin.read()
    return run(_ask(question, agent, thread, project, json))


async def _ask(question: str, agent: str | None, thread: str | None, project: Path | None, json: bool) -> int:

    from citeward.cli.exits import Exit
    from citeward.cli.render import show, show_citations, show_footer, warn_where_nothing_is_indexed
    from citeward.contracts.answer import Outcome
    from citeward.contracts.event import Answered, to_wire
    from citeward.project.opened import open_project

    console = Terminal()
    async with open_project(project) as opened:
        await warn_where_nothing_is_indexed(opened)
        answer = None
        async for event in opened.agent(agent).run(question, thread_id=thread):
            if isinstance(event, Answered):
                answer = event.answer
            if not json:
                show(console, event)
        assert answer is not None, "a run ends with an answer or an error"
    if json:
        print_json(to_wire(Answered(answer=answer))["answer"])
    else:
        console.print()
        show_citations(console, answer)
        show_footer(console, answer)
    return Exit.DONE if answer.outcome is Outcome.ANSWERED else Exit.NO_ANSWER
