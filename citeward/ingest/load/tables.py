"""Tables of a page as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeward.ingest.load.inline import inline

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

WIDEST = 40
"""Columns; a wider table is cut there."""
_BLOCKS_IN_CELLS = ("table", "pre", "h1", "h2", "h3", "h4", "ul", "ol", "dl", "blockquote")


def is_data(table: Element) -> bool:
    """Whether the table shows data in rows and columns, rather than laying out a page."""
    if table.get("role") in ("presentation", "none"):
        return False
    if any(element is not table for element in table.iter(*_BLOCKS_IN_CELLS)):
        return False
    return any(len(_cells(row)) > 1 for row in table.iter("tr"))


def table_markdown(table: Element) -> str:
    """The table with a header row; a cell that spans rows stands in each, so that every row says all of itself."""
    rows = _rows(table)
    width = max(map(len, rows))
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def caption(table: Element) -> str:
    """The table's caption, or nothing."""
    return next((inline(element) for element in table.iter("caption")), "")


def _rows(table: Element) -> list[list[str]]:
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows that it still reaches into, text
    for element in table.iter("tr"):
        row: list[str] = []

        def hang(row: list[str] = row) -> None:
            while len(row) in hanging:
                left, text = hanging[len(row)]
                if left > 1:
                    hanging[len(row)] = (left - 1, text)
                else:
                    del hanging[len(row)]
                row.append(text)

        for cell in _cells(element):
            hang()
            if len(row) >= WIDEST:
                break
            text = inline(cell).replace("\n", " ").replace("|", "\\|")
            if (down := _span(cell, "rowspan")) > 1:
                hanging[len(row)] = (down - 1, text)
            row += [text, *[""] * (min(_span(cell, "colspan"), WIDEST - len(row)) - 1)]
        hang()
        if any(row):
            rows.append(row[:WIDEST])
    return rows


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), 1000) if value.isdecimal() and len(value) < 5 else 1
