"""The blocks of a Markdown text, by character offsets: what must not be cut where it can be helped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from citeward.text.sentences import Span

_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph, list, table, heading or fenced code block, without the blank lines around it."""

    span: Span
    headings: tuple[str, ...] = ()
    """The headings that it stands under, outermost first; a heading stands under itself."""
    heading: bool = False


def front_matter(text: str) -> Span:
    """Where the YAML front matter is; an empty span at 0 where there is none."""
    found = _FRONT_MATTER.match(text)
    return Span(0, found.end() if found else 0)


def blocks(text: str, *, markdown: bool = True) -> Iterator[Block]:
    """The blocks in order. Every character that is not white space, past the front matter, lies in exactly one.

    Args:
        text: The whole document.
        markdown: Headings and fences mean something; otherwise blank lines alone part blocks.
    """
    start = front_matter(text).end if markdown else 0
    path: list[tuple[int, str]] = []
    fence = ""
    begin: int | None = None  # of the open block
    end = start

    def titles() -> tuple[str, ...]:
        return tuple(title for _, title in path)

    for line in _LINE.finditer(text, start):
        content = line[0].rstrip()
        if fence:
            end = line.start() + len(content) if content else end
            if _closes(content, fence):
                fence = ""
                assert begin is not None
                yield Block(span=Span(begin, end), headings=titles())
                begin = None
            continue
        opening = _FENCE.match(content) if markdown else None
        heading = _HEADING.match(content) if markdown else None
        if (opening or heading or not content.strip()) and begin is not None:
            yield Block(span=Span(begin, end), headings=titles())
            begin = None
        if not content.strip():
            continue
        first = line.start() + len(content) - len(content.lstrip())
        end = line.start() + len(content)
        if opening:
            fence, begin = opening[1], first
        elif heading:
            level = len(heading[1])
            path = [(depth, title) for depth, title in path if depth < level] + [(level, heading[2])]
            yield Block(span=Span(first, end), headings=titles(), heading=True)
        elif begin is None:
            begin = first
    if begin is not None:
        yield Block(span=Span(begin, end), headings=titles())


def _closes(line: str, fence: str) -> bool:
    """Whether the line closes the fence: the same mark, at least as long, and nothing else."""
    stripped = line.strip()
    return len(stripped) >= len(fence) and set(stripped) == {fence[0]}
