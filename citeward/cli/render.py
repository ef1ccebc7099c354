"""Shows a run's events on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.citation import Label
from citeward.contracts.event import (
    Event,
    Failed,
    Guarded,
    ReasoningDelta,
    Restarted,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from citeward.contracts.guardrail import Action, Origin, Verdict

if TYPE_CHECKING:
    from citeward.project.opened import OpenProject

_STYLES = {Label.SUPPORTED: "green", Label.PARTIAL: "yellow", Label.UNSUPPORTED: "red"}
QUOTE = 110
"""Characters of a quote that are shown."""


def show(console: Console, event: Event) -> None:
    """Print the event as it comes: text as it streams, tools and guards on lines of their own."""
    match event:
        case TextDelta(text=text):
            console.print(text, end="", markup=False, highlight=False, soft_wrap=True)
        case ReasoningDelta(text=text):
            console.print(Text(text, style="dim"), end="", soft_wrap=True)
        case Restarted(reason=reason):
            console.print(Text(f"\n↻ {reason}; the answer begins again\n", style="yellow"))
        case ToolCalled(call=call):
            arguments = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
            console.print(Text(f"→ {call.name}({arguments})", style="cyan"))
        case ToolReturned(result=result):
            console.print(Text(f"← {_short(result.content)}", style="red" if result.error else "cyan"))
        case Guarded(verdict=verdict, source=source) if verdict.action in (Action.MODIFY, Action.BLOCK):
            console.print(Text(f"! {guarded(verdict, source)}", style="magenta"), soft_wrap=True)
        case Failed(message=message, hint=hint):
            console.print(Text(f"\nerror: {message}\nhint: {hint}", style="red"))
        case _:
            return


def guarded(verdict: Verdict, source: str = "") -> str:
    """What a guard did, in words: a passage that is left out is no question that is refused."""
    match verdict.origin, verdict.action:
        case Origin.RETRIEVED, Action.BLOCK:
            done = f"a passage of {source} is left out" if source else "a passage is left out"
        case Origin.TOOL, Action.BLOCK:
            done = f"the result of {source} is withheld" if source else "a tool's result is withheld"
        case _:
            done = str(verdict.action)
    return f"{verdict.guard}: {done} ({verdict.reason})"


def show_citations(console: Console, answer: Answer) -> None:
    """What the answer rests on: file and line, the quote, and how well it supports the sentence."""
    for citation in answer.citations:
        place = f"{citation.source}:{citation.line}" if citation.line else citation.source
        line = Text(f"  [{citation.marker}] ")
        line.append(place, style="bold")
        line.append(f"  “{_short(citation.quote)}”  ", style="dim")
        line.append(f"{citation.label} {citation.score:.2f}", style=_STYLES[citation.label])
        console.print(line, soft_wrap=True)


async def warn_where_nothing_is_indexed(opened: OpenProject) -> None:
    """Say on stderr that there is nothing to answer from, before a refusal puzzles anybody."""
    if not await opened.retrieval.store.count():
        warning = Text("nothing is indexed yet: run `citeward index`", style="yellow")
        Console(stderr=True, highlight=False).print(warning)


def show_footer(console: Console, answer: Answer) -> None:
    """Who answered, how fast, and how it ended."""
    usage = answer.usage
    parts = [answer.route.model] if answer.route else []
    parts += ["from the cache"] if answer.cached else []
    parts += [f"{usage.total_ms:.0f} ms", f"${usage.cost:.4f}"]
    parts += [str(answer.outcome)] if answer.outcome is not Outcome.ANSWERED else []
    console.print(Text("  " + " · ".join(parts), style="dim"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else line[: QUOTE - 1] + "…"
