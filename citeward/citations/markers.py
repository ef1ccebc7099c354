"""Reads markers such as `[1]`, `[1, 3]` and `[2][3]` from an answer, and tells which sentence each belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from citeward.text.sentences import Span, sentences

_ONE = r"\[\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*\]"
_GROUP = re.compile(rf"\s*{_ONE}(?:\s?{_ONE})*")
_CLOSING = re.compile(r"[.!?,;:…)\"'”’]*")
_NUMBERS = re.compile(r"(\d{1,3})(?:\s?[–-]\s?(\d{1,3}))?")
LONGEST = 80
"""Characters that an unfinished group of markers may have; what is longer is text."""


@dataclass(frozen=True, kw_only=True)
class Cited:
    """A stretch of text and the numbers of the passages that it is said to rest on."""

    sentence: Span
    """The words, without the markers."""
    end: int
    """Past the markers and the punctuation that closes the sentence."""
    numbers: tuple[int, ...]


def cited(text: str, start: int, *, closing: bool) -> Iterator[Cited]:
    """The cited stretches of ``text[start:]`` that are complete, in order.

    A group of markers is complete when something other than white space, punctuation or another marker follows it, or
    when the text is `closing`. It belongs to the sentence that it stands in, or that it directly follows. Array
    indexes and other brackets in code, and links such as `[1](url)`, are no markers.
    """
    for group in _GROUP.finditer(text, start):
        end = _CLOSING.match(text, group.end())
        after = end.end() if end else group.end()
        rest = text[after:].lstrip()
        if not closing and (not rest or (rest[0] == "[" and len(rest) < LONGEST and "]" not in rest)):
            return
        if text.startswith("(", group.end()) or text.count("`", start, group.start()) % 2:
            continue
        sentence = _sentence(text, start, group.start())
        if sentence is None:
            continue
        yield Cited(sentence=sentence, end=after, numbers=numbers(group[0]))
        start = after


def numbers(markers: str) -> tuple[int, ...]:
    """The numbers that markers name, ranges spelled out, each once and in order.

    >>> numbers("[1][3-5, 1]")
    (1, 3, 4, 5)
    """
    found: dict[int, None] = {}
    for low, high in _NUMBERS.findall(markers):
        last = int(high) if high else int(low)
        found.update(dict.fromkeys(range(int(low), min(last, int(low) + 20) + 1)))
    return tuple(found)


def _sentence(text: str, start: int, end: int) -> Span | None:
    """The last sentence of ``text[start:end]``; None where there are no words."""
    spans = [span for span in sentences(text[start:end]) if any(c.isalnum() for c in span.of(text[start:end]))]
    if not spans:
        return None
    return Span(start + spans[-1].start, start + spans[-1].end)
