"""Finds the span of a passage that supports a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from citeward.text.sentences import Span, sentences
from citeward.text.words import content_words

WINDOW = 3
"""Sentences of a passage that one quote may span."""
_DEBRIS = r"[\s*_`>|#]"


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A span of a passage, and whether the sentence stands there word for word."""

    span: Span
    exact: bool
    cover: float
    """The share of the sentence's content words that stand in the span, 0..1."""


def align(sentence: str, passage: str) -> Alignment | None:
    """The span of `passage` that supports `sentence` best; None where they share no word.

    A sentence that was taken over word for word is found as it stands, whatever the white space and the Markdown marks
    between its words. Otherwise the window of up to three sentences wins that shares the most content words (by their
    F1, so that a long window is no better than a short one that says as much).
    """
    found = _verbatim(sentence, passage)
    if found is not None:
        return Alignment(span=found, exact=True, cover=1.0)
    wanted = set(content_words(sentence))
    if not wanted:
        return None
    spans = sentences(passage)
    words = [set(content_words(span.of(passage))) for span in spans]
    best: tuple[float, float, Span] | None = None
    for first in range(len(spans)):
        together: set[str] = set()
        for last in range(first, min(first + WINDOW, len(spans))):
            together |= words[last]
            shared = len(wanted & together)
            if not shared:
                continue
            recall, precision = shared / len(wanted), shared / len(together)
            # Recall counts twice: what the sentence says must be there, while a quote may say more.
            score = 5 * precision * recall / (4 * precision + recall)
            if best is None or score > best[0]:
                best = (score, recall, Span(spans[first].start, spans[last].end))
    return None if best is None else Alignment(span=best[2], exact=False, cover=best[1])


def _verbatim(sentence: str, passage: str) -> Span | None:
    at = passage.find(sentence)
    if at >= 0:
        return Span(at, at + len(sentence))
    tokens = [re.escape(token) for token in re.split(rf"{_DEBRIS}+", sentence) if token]
    if not tokens:
        return None
    found = re.search(rf"{_DEBRIS}+".join(tokens), passage)
    if found is None:
        return None
    # The sentence's own Markdown marks at its ends were no tokens: take them along, so that a quote is not torn.
    start, end = found.span()
    while start and sentence[0] in "*_`" and passage[start - 1] == sentence[0]:
        start -= 1
    while end < len(passage) and sentence[-1] in "*_`" and passage[end] == sentence[-1]:
        end += 1
    return Span(start, end)
