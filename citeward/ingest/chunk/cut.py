"""Cuts what is too large: at the strongest border that there is, then at weaker ones, at last between characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from citeward.ingest.blocks import Kind
from citeward.ingest.chunk.ruler import Ruler
from citeward.text.sentences import Span, sentences

Split: TypeAlias = Callable[[str, Span], list[Span]]
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_PARAGRAPH = re.compile(r"\S(?:[^\n]+|\n(?![ \t\r\f\v]*(?:\n|\Z)))*")
_JOINER = "\u200d"
_MARKS = 8
"""Combining marks on one character; a longer run of them is cut as it comes."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a piece must measure, in tokens."""

    most: int
    least: int
    """Smaller pieces are avoided where they can be."""


def cut(text: str, span: Span, ruler: Ruler, sizes: Sizes, splits: Sequence[Split]) -> Iterator[Span]:
    """Stretches of `span` of at most ``sizes.most`` tokens each, without the white space between them.

    Args:
        text: The whole document.
        span: What is cut.
        ruler: Measures the text.
        sizes: A single character may be larger than they allow.
        splits: Ways to part a stretch, strongest first; after the last one words are parted, then characters.
    """
    if ruler.tokens(span.start, span.end) <= sizes.most:
        yield span
    elif not splits:
        yield from _words(text, span, ruler, sizes.most)
    else:
        parts = splits[0](text, span)
        for run in _packed(parts, ruler, sizes):
            yield from cut(text, run, ruler, sizes, splits[1:])


def _packed(parts: Sequence[Span], ruler: Ruler, sizes: Sizes) -> list[Span]:
    """Neighbouring parts joined up to the limit; a part over the limit is joined by what is small before it only."""
    runs: list[list[Span]] = []
    for part in parts:
        if runs and _joined(runs[-1], part, ruler, sizes):
            runs[-1].append(part)
        else:
            runs.append([part])
    if len(runs) > 1:
        _balance(runs[-2], runs[-1], ruler, sizes)
    return [Span(run[0].start, run[-1].end) for run in runs]


def _joined(run: Sequence[Span], part: Span, ruler: Ruler, sizes: Sizes) -> bool:
    if ruler.tokens(run[0].start, part.end) <= sizes.most:
        return True
    small = ruler.tokens(run[0].start, run[-1].end) < sizes.least
    return small and ruler.tokens(part.start, part.end) > sizes.most


def _balance(before: list[Span], last: list[Span], ruler: Ruler, sizes: Sizes) -> None:
    """Parts moved to the last run, which is what was left over, until both are large enough."""
    end = last[-1].end
    while len(before) > 1 and ruler.tokens(last[0].start, end) < sizes.least:
        if ruler.tokens(before[0].start, before[-2].end) < sizes.least:
            return
        if ruler.tokens(before[-1].start, end) > sizes.most:
            return
        last.insert(0, before.pop())


def _words(text: str, span: Span, ruler: Ruler, most: int) -> Iterator[Span]:
    """Runs of words up to the limit; a run without white space is cut where it must be."""
    start = span.start
    while start < span.end:
        stop = ruler.reach(start, span.end, most)
        if stop < span.end:
            space = stop
            while space > start and not text[space].isspace():
                space -= 1
            stop = space if space > start else _whole_character(text, start, stop)
        end = stop
        while text[end - 1].isspace():
            end -= 1
        yield Span(start, end)
        start = stop
        while start < span.end and text[start].isspace():
            start += 1


def _whole_character(text: str, start: int, stop: int) -> int:
    """A stop that does not part a character from its combining marks, where one is near."""
    for at in range(stop, max(start, stop - _MARKS), -1):
        if text[at] != _JOINER and text[at - 1] != _JOINER and not unicodedata.category(text[at]).startswith("M"):
            return at
    return stop


def _sentences(text: str, span: Span) -> list[Span]:
    return [Span(span.start + one.start, span.start + one.end) for one in sentences(span.of(text))]


def _ended_lines(text: str, span: Span) -> list[Span]:
    """Lines, but for those that a sentence runs across: text with a line break every 70 letters is prose as well."""
    if "\n" not in span.of(text):
        return [span]
    lines: list[Span] = []
    for one in _sentences(text, span):
        if lines and "\n" not in text[lines[-1].end : one.start]:
            lines[-1] = Span(lines[-1].start, one.end)
        else:
            lines.append(one)
    return lines


def _found(pattern: re.Pattern[str]) -> Split:
    def split(text: str, span: Span) -> list[Span]:
        found = []
        for match in pattern.finditer(text, span.start, span.end):
            stretch = match[0]
            start = match.start() + len(stretch) - len(stretch.lstrip())
            found.append(Span(start, start + len(stretch.strip())))
        return found

    return split


_lines, _paragraphs = _found(_LINE), _found(_PARAGRAPH)
SPLITS: Mapping[Kind, tuple[Split, ...]] = {
    "prose": (_paragraphs, _ended_lines, _sentences, _lines),
    "code": (_paragraphs, _lines),
    "table": (_lines,),
}
"""The borders that each kind of block has, strongest first."""
SENTENCES: tuple[Split, ...] = (_sentences, _lines)
"""The borders that count where whole sentences are packed."""
