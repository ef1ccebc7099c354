"""Sentences by character offsets.

Rules instead of a model: the text of documentation is half Markdown, where trained splitters do poorly, and offsets
must be exact because citations quote by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters themselves."""
        return text[self.start : self.end]


_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc eg ie cf al inc ltd co corp no vol fig figs eq ch sec pp p ed eds rev gen
    col lt sgt capt gov sen rep hon mt ft approx dept est min max jan feb mar apr jun jul aug sep sept oct nov
    dec""".split()
)
# A run of full stops is looked at once, from its first: tried again from each of its characters, thirty thousand dots
# would take the square of that.
_BREAK = re.compile(
    r"""(?P<cjk>[。！？]++)
      | (?<![.!?…])(?P<stop>[.!?…]++)(?P<close>["'”’»)\]*_`]*+)(?=\s|$)
    """,
    re.VERBOSE,
)
_BLOCK = re.compile(
    r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]|>|\||```|~~~))|(?<=\n)(?=#{1,6} )"
)
_LOOK_BACK = 50
"""Characters; longer than any word that matters, and than any list marker."""
_OPENING = re.compile(r"""["'“‘«(\[*_`#-]*""")


def sentences(text: str) -> list[Span]:
    """Where the sentences of `text` are, in order, without the white space around them.

    List items, headings, table rows and paragraphs end a sentence even without a full stop. Every character that is
    not white space lies in exactly one span.

    >>> [s.of("It works. Dr. No agrees!") for s in sentences("It works. Dr. No agrees!")]
    ['It works.', 'Dr. No agrees!']
    """
    return [span for block in _blocks(text) for span in _within(text, block)]


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for match in _BLOCK.finditer(text):
        yield Span(start, match.start())
        start = match.start()
    yield Span(start, len(text))


def _within(text: str, block: Span) -> Iterator[Span]:
    start = block.start
    for match in _BREAK.finditer(text, block.start, block.end):
        if match["cjk"] is None and not _ends(text, match, block):
            continue
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, block.end)


def _ends(text: str, match: re.Match[str], block: Span) -> bool:
    """Whether a full stop ends the sentence: not after an abbreviation or an initial, and not before a small letter."""
    rest = match.end()
    while rest < block.end and text[rest].isspace():
        rest += 1
    if rest >= block.end:
        return True
    opening = _OPENING.match(text, rest, block.end)
    first = opening.end() if opening else rest
    head = text[first : min(first + 1, block.end)]
    if head.islower() and "`" not in (opening[0] if opening else ""):  # `code` opens a sentence in any case
        return False
    if match["stop"] != "." or match["close"]:
        return True
    # A paragraph may be very long: looking back to its start from each full stop would take the square of that.
    before = max(block.start, match.start() - _LOOK_BACK)
    last = _last_word(text, before, match.start())
    if not last:
        # A number: "Version 3. It" ends, "3. item" at the start of a block is a list marker.
        return before > block.start or text[before : match.start()].strip(" \t\n").isdigit() is False
    if "." in last or len(last) == 1:  # e.g. / U.S. / J. Smith
        return len(last) == 1 and last.islower()
    return last.lower() not in _ABBREVIATIONS


def _last_word(text: str, start: int, end: int) -> str:
    """The word that ends at `end`, with the full stops inside it, as in `e.g`; empty where none does."""
    if end > start and text[end - 1] == "\n":  # a full stop on the next line ends the word before it
        end -= 1
    first = end
    while first > start and (text[first - 1] == "." or (text[first - 1].isalnum() and not text[first - 1].isdecimal())):
        first -= 1
    # What is left of a run of full stops is no part of the word.
    words = text[first:end].split(".")
    kept = len(words)
    while kept and words[kept - 1]:
        kept -= 1
    return ".".join(words[kept:])


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Span(start, end)
