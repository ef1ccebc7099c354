"""The sentences of a passage that an answer may quote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from citeward.text.sentences import Span, sentences

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)(?:^[ \t]*\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"#{1,6}\s")
_LIST_MARK = re.compile(r"(?:[-*+•]|\d{1,3}[.)]|>)\s+")
_RULE = re.compile(r"[\s|:*_-]+\Z")
LONGEST_CODE = 600
"""Characters of a code block that may follow a quoted sentence."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One sentence (list item, table row) of a passage."""

    span: Span
    """Within the passage's text."""
    before: Span | None
    """The sentence before it, or the heading that it follows; what `it` and `this` refer to."""
    heading: Span | None = None
    """The heading that it stands under."""
    code: Span | None = None
    """The code block that follows it directly, where it is short."""
    row: bool = False
    """Whether it is a row of a table."""


def candidates(text: str) -> list[Candidate]:
    """The sentences of `text` in order. Headings, code and table rules are none, but a heading is context."""
    blocks = [Span(match.start(), match.end()) for match in _FENCE.finditer(text)]
    found: list[Candidate] = []
    before: Span | None = None
    heading: Span | None = None
    spans = sentences(_blanked(text, blocks))
    for position, span in enumerate(spans):
        body = span.of(text)
        if _HEADING.match(body):
            before = heading = span
            continue
        if position + 1 < len(spans) and body.startswith("|") and _RULE.match(spans[position + 1].of(text)):
            before = span  # a table's head says what its columns are, as a heading does
            continue
        mark = _LIST_MARK.match(body)
        start = span.start + (mark.end() if mark else 0)
        body = text[start : span.end]
        if not any(character.isalnum() for character in body) or _RULE.match(body):
            continue
        after = next((block for block in blocks if block.start >= span.end), None)
        follows = after is not None and not text[span.end : after.start].strip()
        short = after is not None and after.end - after.start <= LONGEST_CODE
        sentence = Span(start, span.end)
        code = after if follows and short else None
        row = body.startswith("|")
        found.append(Candidate(span=sentence, before=before, heading=heading, code=code, row=row))
        before = sentence
    return found


def readable(text: str) -> str:
    """A sentence as it stands in an answer: on one line, a table row without its outer bars.

    >>> readable("| `name` |\\n required |")
    '`name` | required'
    """
    return " ".join(text.split()).removeprefix("|").removesuffix("|").strip()


def _blanked(text: str, blocks: list[Span]) -> str:
    """The text with code made blank, so that offsets stay and no sentence reaches into code."""
    for block in blocks:
        text = text[: block.start] + re.sub(r"[^\n]", " ", block.of(text)) + text[block.end :]
    return text
