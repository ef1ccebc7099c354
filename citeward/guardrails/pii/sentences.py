"""Reads a text in pieces of any size and looks for names sentence by sentence, the same ones however it was split.

A name can only be told from the words around it, so a sentence is held back until it has ended, and no more than that:
nothing for longer than `LONGEST` characters. A sentence that grows longer is looked at window by window, half of it
overlapping.

What ends a sentence depends on the text before the end alone, and on one white space after it; where an abbreviation is
taken for an end, names are only looked for in two halves, each with the words before it as context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from citeward.guardrails.pii.recognizers import Find
from citeward.guardrails.pii.scan import Piece, stretches, uncut

LONGEST = 256
"""The most characters held back; as long may a finding be."""
CONTEXT = 96
"""Characters before a sentence that are shown to `find` as its context."""

_PARAGRAPH, _LINE = 100, 160
"""From how many characters on an empty line, or any line's end, ends a sentence: lists and addresses stay whole."""
_END = re.compile(r"(?P<stop>[.!?…]+)[\"'”’»)\]*_]*(?=\s)|[。！？]|\n[ \t>]*\n|\n")
_WORD = re.compile(r"([^\W_]+)\.?\Z")
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc eg ie cf al inc ltd co corp no vol fig rev gen col lt sgt capt gov sen rep hon
    mt ft apt ste bldg ave blvd rd ln str av jan feb mar apr jun jul aug sep sept oct nov dec ul al pl os box""".split()
)


class SentenceScanner:
    """One pass over one text.

    Args:
        find: Finds what is looked for in one sentence, with what stands before it as context.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._held = ""
        self._past = ""
        self._offset = 0

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._held)

    def feed(self, text: str, /) -> list[Piece]:
        """Take the next piece of text; return what is decided."""
        self._held += text
        return list(self._advance())

    def close(self) -> list[Piece]:
        """The text has ended; return the rest."""
        return [*self._advance(), *(self._emit(len(self._held)) if self._held else ())]

    def _advance(self) -> Iterator[Piece]:
        while self._held:
            end = self._end()
            if end:
                yield from self._emit(end)
            elif len(self._held) >= LONGEST:
                yield from self._emit(LONGEST, window=True)
            else:
                return

    def _end(self) -> int:
        """Where the first sentence ends; 0 where that is not seen yet. Beyond LONGEST nothing is asked."""
        for match in _END.finditer(self._held, 0, LONGEST):
            line = match[0].startswith("\n")
            if line and match.start() < (_PARAGRAPH if len(match[0]) > 1 else _LINE):
                continue
            if match["stop"] == "." and self._abbreviates(match.start()):
                continue
            return match.end()
        return 0

    def _abbreviates(self, stop: int) -> bool:
        """Whether the full stop at `stop` ends an abbreviation, an initial or an ordinal."""
        word = _WORD.search(self._held, max(0, stop - 16), stop)
        if word is None:
            return False
        last = word[1]
        return len(last) == 1 or (last.isdecimal() and len(last) < 4) or last.casefold() in _ABBREVIATIONS

    def _emit(self, size: int, *, window: bool = False) -> Iterator[Piece]:
        """Look at the first `size` characters; let go of them, or of the half of a window."""
        text = self._held[:size]
        findings = self._find(text, self._past)
        upto = size
        if window:
            upto = uncut(text.rfind(" ", LONGEST // 4, LONGEST // 2) + 1 or LONGEST // 2, findings)
        yield from stretches(text[:upto], findings, self._offset)
        self._past = _context(self._past + text[:upto])
        self._held = self._held[upto:]
        self._offset += upto


def _context(past: str) -> str:
    """The end of what has left, from a word's beginning on."""
    tail = past[-CONTEXT:]
    return tail if len(past) <= CONTEXT else tail[tail.find(" ") + 1 :]
