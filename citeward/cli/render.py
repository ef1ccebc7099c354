"""Shows a run's events on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment, Segments
from rich.text import Text

from citeward.cli.terminal import Terminal, plain, printable
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
    from rich.console import Console

    from citeward.project.opened import OpenProject

_STYLES = {Label.SUPPORTED: "green", Label.PARTIAL: "yellow", Label.UNSUPPORTED: "red"}
QUOTE = 110
"""Characters of a quote that are shown."""


def show(console: Console, event: Event) -> None:
    """Print the event as it comes: text as it streams, tools and guards on lines of their own."""
    match event:
        case TextDelta(text=text):
            # As it is: a `Text` would expand tabs, counted from the piece's own beginning.
            console.print(Segments([Segment(printable(text))]), end="", soft_wrap=True)
        case ReasoningDelta(text=text):
            console.print(plain(text, "dim"), end="", soft_wrap=True)
        case Restarted(reason=reason):
            console.print(plain(f"\n↻ {reason}; the answer begins again\n", "yellow"))
        case ToolCalled(call=call):
            arguments = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
            console.print(plain(f"→ {call.name}({arguments})", "cyan"))
        case ToolReturned(result=result):
            console.print(plain(f"← {_short(result.content)}", "red" if result.error else "cyan"))
        case Guarded(verdict=verdict, source=source) if verdict.action in (Action.MODIFY, Action.BLOCK):
            console.print(plain(f"! {guarded(verdict, source)}", "magenta"), soft_wrap=True)
        case Failed(message=message, hint=hint):
            console.print(plain(f"\nerror: {message}\nhint: {hint}", "red"))
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
        line.append_text(plain(place, "bold"))
        line.append_text(plain(f"  “{_short(citation.quote)}”  ", "dim"))
        line.append(f"{citation.label} {citation.score:.2f}", style=_STYLES[citation.label])
        console.print(line, soft_wrap=True)


async def warn_where_nothing_is_indexed(opened: OpenProject) -> None:
    """Say on stderr that there is nothing to answer from, before a refusal puzzles anybody."""
    if not await opened.retrieval.store.count():
        warning = Text("nothing is indexed yet: run `citeward index`", style="yellow")
        Terminal(stderr=True).print(warning)


def show_footer(console: Console, answer: Answer) -> None:
    """Who answered, how fast, and how it ended."""
    usage = answer.usage
    parts = [answer.route.model] if answer.route else []
    parts += ["from the cache"] if answer.cached else []
    parts += [f"{usage.total_ms:.0f} ms", f"${usage.cost:.4f}"]
    parts += [str(answer.outcome)] if answer.outcome is not Outcome.ANSWERED else []
    console.print(plain("  " + " · ".join(parts), "dim"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else line[: QUOTE - 1] + "…"
