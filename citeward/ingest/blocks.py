"""The blocks of a text, by character offsets: what must not be cut where it can be helped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from citeward.text.sentences import Span

PAGE_BREAK = "\f"
"""Stands between the pages of a text that was read from a paged document."""
Kind: TypeAlias = Literal["prose", "code", "table"]
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_NO_TITLE = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]|[>|<]")
_LONGEST_TITLE = 200
_FRONT_MATTER_OPENS = re.compile(r"---[ \t]*(?=[\r\n])")
_FRONT_MATTER_CLOSES = re.compile(r"(?:\r\n?|\n)(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A paragraph, list, table, heading or fenced code block, without the blank lines around it."""

    span: Span
    headings: tuple[str, ...] = ()
    """The headings that it stands under, outermost first; a heading stands under itself."""
    heading: bool = False
    kind: Kind = "prose"
    header: str = ""
    """A table's first row, which names its columns."""


def front_matter(text: str) -> Span:
    """Where the YAML front matter is; an empty span at 0 where there is none. Lines end in LF, CR LF or CR."""
    opening = _FRONT_MATTER_OPENS.match(text)
    closing = _FRONT_MATTER_CLOSES.search(text, opening.end()) if opening else None
    return Span(0, closing.end() if closing else 0)


def blocks(text: str, start: int = 0, *, markdown: bool = True) -> Iterator[Block]:
    """The blocks in order. Every character from `start` that is not white space lies in exactly one.

    Blank lines and page breaks part blocks. Markdown is read after CommonMark and its tables after GitHub's flavour,
    as far as it matters for cutting: headings of both forms, fences (also within lists), tables.

    Args:
        text: The whole document.
        start: Where to begin, as at the end of the front matter.
        markdown: Headings, fences and tables mean something.
    """
    return _markdown(text, start) if markdown else _paragraphs(text, start)


def _paragraphs(text: str, start: int) -> Iterator[Block]:
    begin: int | None = None
    end = start
    for at, line in _lines(text, start):
        content = line.strip()
        if content:
            first = at if line[0] == content[0] else at + line.index(content)
            begin = first if begin is None else begin
            end = first + len(content)
        elif begin is not None:
            yield Block(span=Span(begin, end))
            begin = None
    if begin is not None:
        yield Block(span=Span(begin, end))


def _markdown(text: str, start: int) -> Iterator[Block]:
    path: list[tuple[int, str]] = []
    titles: tuple[str, ...] = ()
    fence = ""
    begin: int | None = None  # of the open block
    kind: Kind = "prose"
    header = ""
    previous, end, before = start, start, start  # the last line's start and end, and the end of the one before it

    for at, line in _lines(text, start):
        content = line.strip()
        if not content:
            if begin is not None and not fence:
                yield Block(span=Span(begin, end), headings=titles, kind=kind, header=header)
                begin = None
            continue
        first = at if line[0] == content[0] else at + line.index(content)
        if fence:
            end = first + len(content)
            if _closes(content, fence):
                assert begin is not None
                yield Block(span=Span(begin, end), headings=titles, kind="code")
                fence, begin = "", None
            continue
        mark = content[0]
        if mark in "`~" and (opening := _FENCE.match(content)):
            if begin is not None:
                yield Block(span=Span(begin, end), headings=titles, kind=kind, header=header)
            fence, begin, end, kind, header = opening[0], first, first + len(content), "code", ""
            continue
        if mark == "#" and (title := _title(content)) and not _indented(line):
            if begin is not None:
                yield Block(span=Span(begin, end), headings=titles, kind=kind, header=header)
                begin = None
            path, titles = _below(path, len(content) - len(content.lstrip("#")), title)
            yield Block(span=Span(first, first + len(content)), headings=titles, heading=True)
            continue
        if begin is None:
            begin, kind, header = first, "prose", ""
        elif kind == "prose" and mark in "=-|:":
            if _underlines(content) and (title := _short_title(text, begin, end)):
                path, titles = _below(path, 1 if mark == "=" else 2, title)
                yield Block(span=Span(begin, first + len(content)), headings=titles, heading=True)
                begin = None
                continue
            if _parts_columns(content) and "|" in text[previous:end]:
                if previous > begin:
                    yield Block(span=Span(begin, before), headings=titles)
                begin, kind, header = previous, "table", text[previous:end]
        before, previous, end = end, first, first + len(content)
    if begin is not None:
        yield Block(span=Span(begin, end), headings=titles, kind=kind, header=header)


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Each line with its offset; a page break ends a line and brings a blank one."""
    at = start
    paged = PAGE_BREAK in text
    for line in text[start:].split("\n") if start else text.split("\n"):
        if paged and PAGE_BREAK in line:
            for part in line.split(PAGE_BREAK):
                yield at, part
                yield at, ""
                at += len(part) + 1
            continue
        yield at, line
        at += len(line) + 1


def _title(content: str) -> str:
    """The title of an ATX heading such as `## Title ##`; empty where the line is none."""
    rest = content.lstrip("#")
    if len(content) - len(rest) > 6 or rest[:1] not in (" ", "\t"):
        return ""
    title = rest.strip()
    bare = title.rstrip("#")  # a closing mark stands apart: the title of `# C#` is C#
    return bare.rstrip() if bare[-1:] in (" ", "\t") else title


def _indented(line: str) -> bool:
    """Whether the line stands so far in that it is code."""
    return line.startswith(("    ", "\t", " \t", "  \t", "   \t"))


def _underlines(content: str) -> bool:
    """Whether the line makes a setext heading of the paragraph above it: `===` or `---`."""
    return len(content) > 1 and content[0] in "=-" and not content.strip(content[0])


def _short_title(text: str, begin: int, end: int) -> str:
    """The paragraph as a title; empty where it is a list, a quotation, HTML, or too long for one."""
    if end - begin > _LONGEST_TITLE or _NO_TITLE.match(text, begin):
        return ""
    return " ".join(text[begin:end].split())


def _parts_columns(content: str) -> bool:
    """Whether the line is what stands below a table's first row: `| --- | :-: |`."""
    return "|" in content and "-" in content and not content.strip("|:- \t")


def _below(path: list[tuple[int, str]], level: int, title: str) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
    """The path of a heading of that level after what stood before, and its titles."""
    # A longer one is no title, and would stand beside each passage below it.
    path = [*((depth, name) for depth, name in path if depth < level), (level, title[:_LONGEST_TITLE].rstrip())]
    return path, tuple(name for _, name in path)


def _closes(content: str, fence: str) -> bool:
    """Whether the line closes the fence: the same mark, at least as long, and nothing else."""
    return len(content) >= len(fence) and not content.strip(fence[0])
