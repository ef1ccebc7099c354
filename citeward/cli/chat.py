"""`citeward chat`: a conversation that remembers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from citeward.cli.options import AgentOption, ProjectOption, ThreadOption, quiet
from citeward.cli.terminal import Terminal, plain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rich.console import Console
    from rich.text import Text

    from citeward.agents.agent import Agent
    from citeward.contracts.event import Event, Interrupted


def chat(agent: AgentOption = None, thread: ThreadOption = None, project: ProjectOption = None) -> int:
    """Talk with an agent. The thread is kept: its name is printed, and `--thread NAME` goes on with it.

    An empty line or Ctrl-D ends the conversation; Ctrl-C stops an answer.
    """
    from contextlib import AsyncExitStack
    from uuid import uuid4

    from citeward.cli.render import warn_where_nothing_is_indexed
    from citeward.project.opened import open_project

    quiet()
    console = Terminal()
    thread_id = thread or uuid4().hex[:8]
    # Input is read between runs of the loop, not inside one: a thread that waits for a line cannot be cancelled.
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            opened = runner.run(stack.enter_async_context(open_project(project)))
            talker = opened.agent(agent)
            runner.run(warn_where_nothing_is_indexed(opened))
            console.print(f"{talker.spec.name}: {talker.spec.description}", style="bold")
            console.print(f"thread {thread_id} (an empty line ends it)", style="dim")
            while question := _line(console, plain("\nyou › ", "bold")):
                try:
                    runner.run(_turn(console, talker, question, thread_id))
                except KeyboardInterrupt:
                    console.print("\nstopped", style="yellow")
        finally:
            runner.run(stack.aclose())
    console.print(f"go on with: citeward chat --thread {thread_id}", style="dim")
    return 0


def _line(console: Console, prompt: Text) -> str:
    """The next line, without the white space around it; empty at the end of input."""
    try:
        return console.input(prompt).strip()
    except EOFError:
        return ""


async def _turn(console: Console, agent: Agent, question: str, thread_id: str) -> None:
    """One question to its answer, with a person's approval asked for where a tool needs it."""
    waiting = await _show(console, agent.run(question, thread_id=thread_id))
    while waiting:
        approved = [event.call.id for event in waiting if not event.warning and _allows(console, event)]
        unasked = [event.call.id for event in waiting if event.warning and _allows(console, event)]
        waiting = await _show(console, agent.resume(approved, unasked=unasked, thread_id=thread_id))


def _allows(console: Console, event: Interrupted) -> bool:
    """Whether the person lets the call run; one that nobody asked for takes the whole word."""
    for source in event.sources:
        named = f" {source.name}" if source.name else ""
        console.print(plain(f"  {source.argument}: from the {source.origin}{named}", "dim"))
    asked = f"allow {event.call.name}({dict(event.call.arguments)})? "
    if not event.warning:
        return _line(console, plain(asked + "[y/N] ")).lower() in ("y", "yes")
    console.print(plain(f"  warning: {event.warning}", "bold red"))
    return _line(console, plain(asked + "Type 'yes' to allow it all the same: ")).lower() == "yes"


async def _show(console: Console, run: AsyncGenerator[Event, None]) -> list[Interrupted]:
    """Print a run; returns the calls that wait for approval."""
    from contextlib import aclosing

    from citeward.agents.agent import ending_in_failed
    from citeward.cli.render import show, show_citations, show_footer
    from citeward.contracts.event import Answered, Interrupted

    waiting = []
    async with aclosing(ending_in_failed(run)) as events:
        async for event in events:
            show(console, event)
            if isinstance(event, Interrupted):
                waiting.append(event)
            elif isinstance(event, Answered):
                console.print()
                show_citations(console, event.answer)
                show_footer(console, event.answer)
    return waiting
