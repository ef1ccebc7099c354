"""A comparison as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.errors import InvalidInput, SettingsError
from citeward.evals.compare.comparison import Comparison, Row
from citeward.evals.statistics import Interval

SUFFIXES = (".png", ".svg", ".pdf")
"""Kinds of pictures that are drawn."""


@dataclass(frozen=True, kw_only=True)
class _Panel:
    title: str
    value: Callable[[Row], float | None]
    span: Callable[[Row], Interval | None] = lambda _: None


_PANELS = (
    _Panel(title="first use (ms)", value=lambda row: row.first_use_ms),
    _Panel(
        title="time to first token, p50 (ms)",
        value=lambda row: row.ttft_p50_ms.value if row.ttft_p50_ms else None,
        span=lambda row: row.ttft_p50_ms,
    ),
    _Panel(
        title="tokens a second of a call, p50",
        value=lambda row: row.tokens_per_second.value if row.tokens_per_second else None,
        span=lambda row: row.tokens_per_second,
    ),
    _Panel(
        title="cost of 1,000 queries (US dollars)",
        value=lambda row: row.cost.value * 1000 if row.cost else None,
        span=lambda row: (
            Interval(value=row.cost.value * 1000, low=row.cost.low * 1000, high=row.cost.high * 1000)
            if row.cost
            else None
        ),
    ),
)


def check_plot(path: Path) -> None:
    """See that a picture can be drawn there, before minutes of measuring.

    Raises:
        InvalidInput: The kind of picture is not one of SUFFIXES, or its folder is not there.
        SettingsError: matplotlib is not installed.
    """
    import importlib.util

    if path.suffix.lower() not in SUFFIXES:
        raise InvalidInput(f"{str(path)!r} is no picture's name", hint=f"Let it end in {', '.join(SUFFIXES)}.")
    if not path.parent.is_dir():
        raise InvalidInput(f"there is no folder {str(path.parent)!r}", hint="Make it first.")
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError("a picture needs matplotlib, which is not installed", hint="pip install 'citeward[plot]'")


def plot(comparison: Comparison, path: Path) -> None:
    """Draw a panel for each figure, a bar for each model, with its 95 % interval where there is one.

    A model that failed stands there without a bar. Raises as `check_plot` does.
    """
    check_plot(path)
    from matplotlib.figure import Figure

    names = [row.name + (f" ({row.errors} failed)" if row.errors else "") for row in comparison.rows]
    figure = Figure(figsize=(11, 1.6 + 0.9 * len(names)), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        _draw(axes, panel, comparison.rows, names)
    try:
        figure.savefig(path, dpi=144)
    except OSError as error:
        raise InvalidInput(
            f"cannot write {str(path)!r}: {error.strerror or error}",
            hint="Name a file in a folder that can be written.",
        ) from error


def _draw(axes: Any, panel: _Panel, rows: tuple[Row, ...], names: list[str]) -> None:
    values = [panel.value(row) for row in rows]
    spans = [panel.span(row) for row in rows]
    lengths = [value or 0.0 for value in values]
    low = [length - one.low if one else 0.0 for length, one in zip(lengths, spans, strict=True)]
    high = [one.high - length if one else 0.0 for length, one in zip(lengths, spans, strict=True)]
    axes.barh(range(len(rows)), lengths, xerr=[low, high], color="#4c78a8", ecolor="#333333", capsize=3, height=0.6)
    for place, value in enumerate(values):
        axes.annotate(
            "–" if value is None else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
            (lengths[place] + high[place], place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.set_yticks(range(len(rows)), names, fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_xlim(left=0)
    axes.set_title(panel.title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
