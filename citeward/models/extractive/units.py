"""Reads a passage as the things that an answer can quote: sentences, list items, table rows, code.

Documentation is half Markdown. A heading is never an answer, but it says what stands below it; a code block or a list
belongs to the sentence that leads to it. Offsets always count in the passage as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from citeward.text.sentences import Span, sentences

Kind: TypeAlias = Literal["sentence", "item", "row", "code"]

ATTACHED = 600
"""Characters of the code or list that an answer takes along with the sentence that leads to it."""
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"#{1,6}\s")
_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s+")
_NOISE = re.compile(
    r"[-=*_]{3,}$"  # rules and underlines of headings
    r"|\|?[\s:|-]+\|?$"  # the line under a table's head
    r"|<!--.*-->$|\[[^\]]+\]:\s|!\[[^\]]*\]\([^)]*\)$|:::|\{%"
)
_TABLE_RULE = re.compile(r"\s*\|?[\s:]*-{2,}[\s:|-]*$", re.MULTILINE)
_WORD = re.compile(r"\b[^\W_]\w*")
_SHORT_LINE = 9
"""Words from which a line without a full stop is no title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One thing to quote."""

    kind: Kind
    span: Span
    """The words, without list marks."""
    attached: Span | None = None
    """The code block or list that follows directly and belongs to it."""
    heading: Span | None = None
    """The heading, or the question, that it stands under."""
    before: Span | None = None
    """The sentence before it, the head of its table, or its heading: what `it` and `this` refer to."""
    follows: bool = False
    """Whether that sentence stands in the same paragraph."""
    has_code: bool = False
    """Whether it is code, or code is attached to it."""

    @property
    def whole(self) -> Span:
        """The words and what is attached to them."""
        return Span(self.span.start, self.attached.end) if self.attached else self.span

    @property
    def is_lead(self) -> bool:
        """Whether it leads to a list, and says little without it."""
        return self.attached is not None and not self.has_code


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: Kind | Literal["heading", "context"]
    """Context is no answer, but the next sentence is read with it: a question, the head of a table."""
    span: Span
    """Without marks."""
    begin: int
    """With them."""


def units(text: str) -> list[Unit]:
    """What can be quoted from a passage, in its order.

    >>> [u.span.of("# Set-up\\n\\nRun it. Then wait.") for u in units("# Set-up\\n\\nRun it. Then wait.")]
    ['Run it.', 'Then wait.']
    """
    pieces = list(_pieces(text))
    found: list[Unit] = []
    heading: Span | None = None
    before: _Piece | None = None
    for at, piece in enumerate(pieces):
        if piece.kind == "heading":
            heading, before = piece.span, piece
        elif piece.kind == "context":
            before = piece
        elif piece.kind == "code" and found and found[-1].attached == piece.span:
            pass  # it went with the sentence above
        elif piece.kind == "code" or len(_WORD.findall(text, piece.span.start, piece.span.end)) > 1:
            attached = _attached(text, pieces, at)
            found.append(
                Unit(
                    kind=piece.kind,
                    span=piece.span,
                    attached=attached,
                    heading=heading,
                    before=before.span if before else None,
                    follows=bool(found)
                    and before is not None
                    and before.span == found[-1].span
                    and piece.kind == "sentence"
                    and "\n\n" not in text[before.span.end : piece.begin],
                    has_code=piece.kind == "code" or (attached is not None and pieces[at + 1].kind == "code"),
                )
            )
            # All rows are read with their table's head.
            before = before if piece.kind == "row" and before and before.kind == "context" else piece
    return found


def _attached(text: str, pieces: list[_Piece], at: int) -> Span | None:
    """The code block right after a sentence, or the list after one that ends in a colon."""
    here = pieces[at]
    if here.kind not in ("sentence", "item") or at + 1 == len(pieces):
        return None
    if pieces[at + 1].kind == "code":
        span = pieces[at + 1].span
        return span if span.end - span.start <= ATTACHED else None
    if here.kind != "sentence" or not here.span.of(text).endswith(":") or pieces[at + 1].kind != "item":
        return None
    last = at
    while last + 1 < len(pieces) and pieces[last + 1].kind in ("item", "sentence"):
        following = pieces[last + 1]
        new_paragraph = "\n\n" in text[pieces[last].span.end : following.begin]
        if following.span.end - pieces[at + 1].begin > ATTACHED or (following.kind == "sentence" and new_paragraph):
            break
        last += 1
    return Span(pieces[at + 1].begin, pieces[last].span.end) if last > at else None


def _pieces(text: str) -> Iterator[_Piece]:
    front = _FRONT_MATTER.match(text)
    at = front.end() if front else 0
    for fence in _FENCE.finditer(text, at):
        yield from _prose(text, at, fence.start())
        start = fence.start() + len(fence[0]) - len(fence[0].lstrip(" \t"))
        yield _Piece("code", Span(start, fence.end()), start)
        at = fence.end()
    yield from _prose(text, at, len(text))


def _prose(text: str, begin: int, end: int) -> Iterator[_Piece]:
    spans = [Span(begin + s.start, begin + s.end) for s in sentences(text[begin:end])]
    for at, span in enumerate(spans):
        words = span.of(text)
        if _NOISE.match(words):
            continue
        if _HEADING.match(words):
            yield _Piece("heading", Span(span.start + len(words) - len(words.lstrip("# ")), span.end), span.start)
            continue
        following = text[span.end : spans[at + 1].start] if at + 1 < len(spans) else text[span.end : end]
        opens_line = not text[max(begin, text.rfind("\n", begin, span.start) + 1) : span.start].strip()
        if words.startswith("|"):
            head = _TABLE_RULE.match(text, min(len(text), span.end + 1))
            yield _Piece("context" if head else "row", span, span.start)
            continue
        quoted = len(words) - len(words.lstrip("> \t"))
        item = _ITEM.match(words, quoted)
        start = span.start + (item.end() if item else quoted)
        if start >= span.end:
            continue
        body = Span(start, span.end)
        if words.endswith("?"):
            alone = opens_line and ("\n" in following or not following)
            yield _Piece("heading" if alone else "context", body, span.start)
        elif item is None and opens_line and _is_title(words, following):
            yield _Piece("heading", body, span.start)
        else:
            yield _Piece("item" if item else "sentence", body, span.start)


def _is_title(line: str, following: str) -> bool:
    """A short line of its own, without punctuation at its end, with something below."""
    return (
        "\n" in following and "\n" not in line and line[-1] not in ".!?:;,…。！？" and len(line.split()) < _SHORT_LINE
    )
