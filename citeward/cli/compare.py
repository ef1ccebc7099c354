"""`citeward models compare`: speed, memory and cost of models over the same prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeward.cli.bars import bars
from citeward.cli.options import AgentOption, ProjectOption, run
from citeward.cli.progress import counting
from citeward.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from citeward.evals.compare.comparison import Comparison, Row
    from citeward.evals.compare.prompts import Prompt
    from citeward.evals.statistics import Interval


TEN = 10
"""From which on a number is printed without decimals."""


def compare(
    names: Annotated[list[str] | None, typer.Argument(help="Models; all of the project where none is named.")] = None,
    *,
    prompt: Annotated[list[str] | None, typer.Option("--prompt", help="Ask this; may be given several times.")] = None,
    prompts: Annotated[
        Path | None, typer.Option("--prompts", help="A prompt a line, or .jsonl of {prompt, passages?}.")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="How often each prompt is asked.")] = 3,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls of a model at the same time.")] = 1,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 128,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long one call may take.")] = 120.0,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw them into this file: .png, .svg or .pdf.")] = None,
    agent: AgentOption = None,
    project: ProjectOption = None,
) -> int:
    """Measure first use, memory, time to first token, tokens a second and cost of models over the same prompts.

    Without prompts of yours, three questions about short passages are asked. Passages are put into the agent's own
    prompt, as they are in a run. A model that fails has a row that says so; the exit code is 1 where all failed.
    """

    from citeward.cli.exits import Exit
    from citeward.evals.compare.plot import check_plot
    from citeward.evals.compare.plot import plot as draw
    from citeward.evals.measure.measurement import write_json

    if plot is not None:
        check_plot(plot)
    asked = _prompts(prompt or [], prompts)
    compared = run(_compare(project, names or [], asked, agent, repeat, concurrency, max_tokens, seconds))
    console = Terminal()
    console.print(table(compared))
    for row in compared.rows:
        for one in row.failed:
            console.print(f"{row.name}: {one.calls} x {one.code}: {one.message}", style="red")
    show_bars(console, compared.rows)
    if json is not None:
        write_json(json, compared.to_dict())
    if plot is not None:
        draw(compared, plot)
    return Exit.FAILED if all(row.errors == row.calls for row in compared.rows) else Exit.DONE


def _prompts(given: list[str], file: Path | None) -> tuple[Prompt, ...]:
    from citeward.errors import InvalidInput
    from citeward.evals.compare.prompts import DEFAULT, Prompt, read_prompts

    if given and file is not None:
        raise InvalidInput("--prompt and --prompts cannot both be given", hint="Put all prompts into the file.")
    if empty := [text for text in given if not text.strip()]:
        raise InvalidInput(f"the prompt {empty[0]!r} asks nothing", hint="Give a text.")
    if file is not None:
        return tuple(read_prompts(file))
    return tuple(Prompt(prompt=text) for text in given) or DEFAULT


async def _compare(
    root: Path | None,
    names: list[str],
    prompts: tuple[Prompt, ...],
    agent: str | None,
    repeat: int,
    concurrency: int,
    max_tokens: int,
    seconds: float,
) -> Comparison:
    from citeward.project.compared import compared_models
    from citeward.project.declared import find_project, read_project

    return await compared_models(
        read_project(root or find_project()),
        names=names,
        prompts=prompts,
        agent=agent,
        repeat=repeat,
        concurrency=concurrency,
        max_tokens=max_tokens,
        seconds=seconds,
        progress=counting(" models"),
    )


def table(compared: Comparison) -> Table:
    """The figures for a terminal; medians with their 95 % intervals."""
    from rich.table import Table

    told = compared.settings
    several = told["concurrency"] > 1
    title = f"{told['prompts']} prompts x {told['repeat']}, {told['concurrency']} at a time"
    drawn = Table(
        title=title,
        title_justify="left",
        caption="milliseconds, MB, US dollars; under a median, its 95% interval",
        caption_justify="left",
        box=None,
        header_style="bold",
    )
    drawn.add_column("model", overflow="fold")
    headings = [
        "first\nuse",
        "memory",
        "TTFT\np50",
        "TTFT\np99",
        "tokens/s",
        *(["tokens/s\nin all"] if several else []),
    ]
    for heading in (*headings, "tokens\nout", "cost of\n1,000", "errors"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for row in compared.rows:
        drawn.add_row(
            row.name,
            _number(row.first_use_ms),
            _number(None if row.memory is None else row.memory / 1e6),
            _spread(row.ttft_p50_ms),
            _number(row.ttft_p99_ms.value if row.ttft_p99_ms else None),
            _spread(row.tokens_per_second),
            *([_number(row.throughput)] if several else []),
            _number(row.output_tokens) + ("~" if row.estimated else ""),
            "–" if row.cost is None else f"{row.cost.value * 1000:,.4f}" if row.cost.value else "free",
            f"{row.errors}/{row.calls}" if row.errors else "0",
        )
    return drawn


def show_bars(console: Console, rows: tuple[Row, ...]) -> None:
    """Bars of what is compared most."""
    tell = console.print
    tell(
        bars(
            "TTFT p50, ms",
            {row.name: row.ttft_p50_ms.value if row.ttft_p50_ms else None for row in rows},
            number=",.1f",
        )
    )
    rates = {row.name: row.tokens_per_second.value if row.tokens_per_second else None for row in rows}
    tell(bars("tokens/s of a call, p50", rates))
    if any(row.cost and row.cost.value for row in rows):
        costs = {row.name: row.cost.value * 1000 if row.cost else None for row in rows}
        tell(bars("US dollars for 1,000 queries", costs, number=",.4f"))


def _spread(found: Interval | None) -> Text:
    from rich.text import Text

    if found is None:
        return Text("–")
    return Text.assemble(f"{_number(found.value)}\n", (f"{_number(found.low)}–{_number(found.high)}", "dim"))


def _number(value: float | None) -> str:
    """As many digits as a comparison needs: one after the point for small numbers."""
    return "–" if value is None else f"{value:,.1f}" if value < TEN else f"{value:,.0f}"
