"""Finds the span of a passage that supports a sentence."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

from citeward.text.sentences import Span, sentences
from citeward.text.words import content_words

WINDOW = 2
"""Sentences of a passage that one quote may span."""
_TOKEN = re.compile(
    r"(?P<skip>\]\([^()\s]*\)|[\s*_`>|#•\[\]\"“”'‘’.,;:!?…()–—]+)"  # a link's target, white space, marks, punctuation
    r"|(?P<word>[^\W_]+(?:[.,:/_-]+[^\W_]+)*)|(?P<sign>.)",
    re.DOTALL,
)

_FENCE = re.compile(r"^[ \t]*(```++|~~~++)[^\n]*\n(?P<inside>.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_MARKS = re.compile(r"(?:(?:[-*+•]|\d{1,3}[.)]|>|#{1,6})\s+)+")


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A span of a passage, and whether the sentence stands there word for word."""

    span: Span
    exact: bool
    cover: float
    """The share of the sentence's content words that stand in the span, 0..1."""


class Aligner:
    """Finds sentences in one passage, which is read once.

    Args:
        passage: Its text; offsets count in it.
    """

    def __init__(self, passage: str) -> None:
        self._passage = passage
        self._spans = _spans(passage)
        self._stems = [set(content_words(span.of(passage))) for span in self._spans]
        held = _words(passage)
        self._places = [place for _, place in held]
        self._joined = f" {' '.join(word for word, _ in held)} "
        """The passage's words, a space before and after each."""
        self._begins = list(accumulate((len(word) + 1 for word, _ in held), initial=0))
        """Where in `_joined` the space before each word stands."""

    def find(self, sentence: str) -> Alignment | None:
        """The span of the passage that supports `sentence` best; None where they share no word.

        A sentence that was taken over word for word is found as it stands, whatever the white space, the punctuation
        and the Markdown marks between its words. A part of a sentence is quoted with the whole of it: what stands
        beside the part may turn it round. Otherwise the one or two sentences win that share the most content words (by
        their F2, so that two sentences are no better than one that says as much).
        """
        return self._verbatim(sentence) or self._alike(sentence)

    def _verbatim(self, sentence: str) -> Alignment | None:
        wanted = [word for word, _ in _words(_MARKS.sub("", sentence, count=1))]
        if not wanted:
            return None
        # No word holds white space. Comparing word by word from each place would take the square of a long text.
        found = self._joined.find(f" {' '.join(wanted)} ")
        if found < 0:
            return None
        at = bisect_left(self._begins, found)
        span = self._widened(self._places[at].start, self._places[at + len(wanted) - 1].end)
        return Alignment(span=span, exact=True, cover=1.0)

    def _widened(self, start: int, end: int) -> Span:
        """To the borders of the sentences that the words stand in; a list mark is no part of a sentence."""
        if not self._spans:  # a fence with nothing in it
            return Span(start, end)
        # Words outside of all spans are those of a fence's first line.
        first = next((span for span in self._spans if span.end > start), self._spans[-1])
        last = next((span for span in self._spans if span.end >= end), self._spans[-1])
        mark = _MARKS.match(self._passage, first.start, first.end)
        return Span(mark.end() if mark and mark.end() <= start else first.start, last.end)

    def _alike(self, sentence: str) -> Alignment | None:
        wanted = set(content_words(sentence))
        best: tuple[float, float, Span] | None = None
        for first in range(len(self._spans)):
            together: set[str] = set()
            for last in range(first, min(first + WINDOW, len(self._spans))):
                together |= self._stems[last]
                shared = len(wanted & together)
                if not shared:
                    continue
                recall, precision = shared / len(wanted), shared / len(together)
                # Recall counts twice: what the sentence says must be there, while a quote may say more.
                score = 5 * precision * recall / (4 * precision + recall)
                if best is None or score > best[0]:
                    best = (score, recall, Span(self._spans[first].start, self._spans[last].end))
        return None if best is None else Alignment(span=best[2], exact=False, cover=best[1])


def align(sentence: str, passage: str) -> Alignment | None:
    """`Aligner.find` for one sentence of one passage."""
    return Aligner(passage).find(sentence)


def _spans(text: str) -> list[Span]:
    """The sentences of prose, and what stands inside each fenced block of code."""
    found: list[Span] = []
    at = 0
    for fence in [*_FENCE.finditer(text), None]:
        end = fence.start() if fence else len(text)
        found += [Span(at + span.start, at + span.end) for span in sentences(text[at:end])]
        if fence:
            inside = fence["inside"].strip()
            begin = fence.start("inside") + fence["inside"].find(inside)
            found += [Span(begin, begin + len(inside))] if inside else []
            at = fence.end()
    return found


def _words(text: str) -> list[tuple[str, Span]]:
    """Words and signs with meaning, case aside, and where they stand."""
    return [
        (match[0].casefold(), Span(match.start(), match.end()))
        for match in _TOKEN.finditer(text)
        if match["skip"] is None
    ]
