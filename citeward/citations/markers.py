"""Reads markers such as `[1]`, `[1, 3]` and `[2][3]` from a stream, and tells which sentence each belongs to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from citeward.text.sentences import Span, sentences

_ONE = r"\[[1-9]\d{0,2}(?:\s?[,;–-]\s?[1-9]\d{0,2})*\]"
# Not after a bracket: `[text][3]` is a link by reference.
_GROUP = re.compile(rf"(?<!\]){_ONE}(?:[ \t]?{_ONE})*")
_UNFINISHED = re.compile(r"\[[\d,;–\- ]{0,40}\Z")
_NUMBERS = re.compile(r"(\d{1,3})(?:\s?[–-]\s?(\d{1,3}))?")
INLINE = 80
"""Characters that code between backticks may have; a backtick that is not closed within them is text."""
_CODE = re.compile(
    r"(?P<fence>^[ \t]*(?P<mark>```+(?=[^\n`]*$)|~~~+)[^\n]*(?:\n.*?(?:^[ \t]*(?P=mark)[`~]*[ \t]*$|\Z)|\Z))"
    rf"|(?P<ticks>(?<!`)`+)(?![`\s])[^\n]{{1,{INLINE}}}?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_TICKS = re.compile(r"`+")
_LONG = 1_000
"""Characters of one sentence (a block of code is one) from which on it is looked at again only after it has grown."""
_IDENTIFIER = re.compile(
    r"(?:[^\W\d_]+[\d_$][\w$]*|[_$]\w*|\w*[a-z][A-Z]\w*|(?<![\w'’])[^\W\d_]|[\w)\]]\.[^\W\d]\w*)\Z"
)
_TURN = re.compile(r"[.!?…。！？\n\]]")
_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A part of a sentence, and the passages that the markers right after it name."""

    text: str
    """The words, without markers."""
    numbers: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One complete sentence of the stream."""

    start: int
    """Characters of the stream before it."""
    end: int
    """Past the sentence and its markers."""
    text: str
    """The words, without markers."""
    clauses: tuple[Clause, ...]
    """Its cited parts in order; empty where it cites nothing."""


class MarkerStream:
    """Follows a text as it streams, and reports each sentence as soon as it is complete.

    A sentence is complete when a word of the next one has come, or the stream has ended. Markers that stand in it or
    directly after it are its own. No markers are: brackets in code, in links such as `[1](url)`, after an identifier
    (`rows[1]` in prose is one, `the rows[1].` is read as a citation), and numbers that no passage has.

    Args:
        passages: How many passages there are, numbered from 1.
        pending: What another stream had not settled when it was left (`pending`), which this one goes on from. Places
            are counted from where this one begins, so that a sentence that began in `pending` has a `start` below 0.
    """

    def __init__(self, passages: int, *, pending: tuple[str, int] = ("", 0)) -> None:
        self._passages = passages
        self._text, self._begin = pending
        """What is not settled, after the last character that is, and where in `_text` it begins."""
        self._before = -len(self._text)
        """Characters of the stream before `_text`."""
        self._turned = _TURN.search(self._text, self._begin) is not None
        """Whether a sentence may have ended since the last look."""
        self._next_look = 0
        """Characters of `_text` before which no look is worth its while."""

    def feed(self, text: str, /) -> list[Sentence]:
        """Take the next piece; the sentences that it completes, in order."""
        self._text += text
        self._turned = self._turned or _TURN.search(text) is not None
        if not self._turned or _WORD.search(text) is None or len(self._text) < self._next_look:
            return []
        return self._complete(closing=False)

    @property
    def pending(self) -> tuple[str, int]:
        """What is not settled, after the last character that is, and where in it that begins."""
        return self._text, self._begin

    def close(self) -> list[Sentence]:
        """The stream has ended; the sentences that were not complete."""
        return self._complete(closing=True)

    def _complete(self, *, closing: bool) -> list[Sentence]:
        text = self._text
        code = list(_CODE.finditer(text, self._begin))
        opening = len(text)
        if not closing and code and code[-1]["fence"] is not None and "\n" not in code[-1][0]:
            # Whether the last line opens a block of code is known when it has ended: not if a backtick follows in it.
            opening = code.pop().start()
        groups = [group for group in _GROUP.finditer(text, self._begin) if self._is_marker(text, group, code)]
        spans = list(_spans(text, self._begin, code, groups, closing=closing))
        sure = len(text) if closing else min(opening, _undecided(text, self._begin, code))
        # What follows a sentence decides whether it ends there, so that must be sure too.
        done = spans if closing else [span for span, after in pairwise(spans) if after.start < sure]
        if not done:
            waits = _TURN.search(text, spans[-1].start) is not None and not _settled(text) if spans else True
            self._turned = waits or sure < len(text)
            # Looking at all of a long block of code at each of its lines would take the square of its length.
            self._next_look = len(text) + len(text) // 8 if len(text) > _LONG else 0
            return []
        ends = [span.start for span in spans[1:]] + [len(text)]
        found = [
            self._sentence(text, span, [group for group in groups if span.start <= group.start() < end])
            for span, end in zip(done, ends, strict=False)
        ]
        # The last character is kept: whether a line begins here decides whether a block of code does.
        cut = found[-1].end - self._before - 1
        self._text = text[cut:]
        self._before += cut
        self._begin = 1
        self._next_look = 0
        self._turned = _TURN.search(self._text, 1) is not None
        return found

    def _is_marker(self, text: str, group: re.Match[str], code: list[re.Match[str]]) -> bool:
        if text.startswith("(", group.end()) or _inside(code, group.start()):
            return False
        if group.start() and _IDENTIFIER.search(text, max(0, group.start() - 40), group.start()):
            return False
        return any(1 <= number <= self._passages for number in numbers(group[0]))

    def _sentence(self, text: str, span: Span, groups: list[re.Match[str]]) -> Sentence:
        clauses = []
        begin = span.start
        for group in groups:
            named = tuple(number for number in numbers(group[0]) if 1 <= number <= self._passages)
            words = text[begin : min(group.start(), max(begin, span.end))].strip(" \t\n,;:")
            clauses.append(Clause(text=words, numbers=named))
            begin = group.end()
        end = max([span.end, *(group.end() for group in groups)])
        words = _blanked(text, groups, span.start, span.end)
        return Sentence(start=self._before + span.start, end=self._before + end, text=words, clauses=tuple(clauses))


def numbers(markers: str) -> tuple[int, ...]:
    """The numbers that markers name, ranges spelled out, each once and in order.

    >>> numbers("[1][3-5, 1]")
    (1, 3, 4, 5)
    """
    found: dict[int, None] = {}
    for low, high in _NUMBERS.findall(markers):
        last = min(int(high), int(low) + 20) if high else int(low)
        found.update(dict.fromkeys(range(int(low), last + 1)))
    return tuple(found)


def _spans(
    text: str, begin: int, code: list[re.Match[str]], groups: list[re.Match[str]], *, closing: bool
) -> Iterator[Span]:
    """Sentences from `begin` on, markers aside; a fenced block of code is one, and what holds no word is none."""
    masked = _masked(text, [(group.start(), " " * len(group[0])) for group in groups])
    unfinished = _UNFINISHED.search(masked)
    if unfinished and not closing:
        masked = masked[: unfinished.start()] + " " * len(unfinished[0])
    at = begin
    inline = [match for match in code if match["fence"] is None]
    masked = _masked(masked, [(match.start() + 1, re.sub(r"\S", "x", match[0][1:-1])) for match in inline])
    for match in code:
        if match["fence"] is not None:
            yield from _prose(masked, at, match.start())
            if _WORD.search(match[0]):
                yield Span(match.start(), match.end())
            at = match.end()
    yield from _prose(masked, at, len(masked))


def _masked(text: str, masks: list[tuple[int, str]]) -> str:
    """The text with each mask in the place where it begins; they come in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for start, mask in masks:
        parts += text[at:start], mask
        at = start + len(mask)
    return "".join([*parts, text[at:]])


def _inside(code: list[re.Match[str]], place: int) -> bool:
    """Whether the place stands in one of the pieces of code, which come in order."""
    before = bisect_right(code, place, key=lambda match: match.start())
    return before > 0 and place < code[before - 1].end()


def _prose(text: str, begin: int, end: int) -> Iterator[Span]:
    for span in sentences(text[begin:end]):
        if _WORD.search(text, begin + span.start, begin + span.end):
            yield Span(begin + span.start, begin + span.end)


def _undecided(text: str, begin: int, code: list[re.Match[str]]) -> int:
    """Where the first backtick stands that may yet open code; the text's end where there is none."""
    for ticks in _TICKS.finditer(text, begin):
        if (
            not _inside(code, ticks.start())
            and "\n" not in text[ticks.end() :]
            and len(text) - ticks.end() <= INLINE + len(ticks[0])
        ):
            return ticks.start()
    return len(text)


def _settled(text: str) -> bool:
    """Whether the last possible end of a sentence has a word after it, so that it was none."""
    last = max((match.end() for match in _TURN.finditer(text)), default=0)
    return _WORD.search(text, last) is not None


def _blanked(text: str, groups: list[re.Match[str]], start: int, end: int) -> str:
    parts = []
    for group in groups:
        parts.append(text[start : max(start, min(group.start(), end))].rstrip())
        start = group.end()
    parts.append(text[start : max(start, end)])
    return "".join(parts).strip()
