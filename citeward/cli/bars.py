"""Bars of block characters, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 36
"""Characters of the longest bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, most: float, width: int = WIDTH) -> str:
    """A bar as long as `value` is of `most`, to an eighth of a character; what is more than nothing shows.

    >>> bar(1, 2, width=3)
    '█▌'
    """
    eighths = round(8 * width * min(1.0, max(0.0, value / most))) if most > 0 else 0
    if value > 0:
        eighths = max(1, eighths)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def bars(title: str, values: Mapping[str, float | None], *, number: str = ",.0f") -> RenderableType:
    """A line for each name, with its bar and its number; a dash where there is no value.

    Args:
        title: What the numbers are, with their unit.
        values: By name.
        number: How a number is written, as a format.
    """
    from rich.table import Table
    from rich.text import Text

    most = max((value for value in values.values() if value is not None), default=0.0)
    table = Table.grid(padding=(0, 1))
    table.title, table.title_justify, table.title_style = title, "left", "bold"
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for name, value in values.items():
        line = Text("–", style="dim") if value is None else Text(bar(value, most), style="cyan")
        table.add_row(name, line + ("" if value is None else Text(f" {value:{number}}")))
    return table
