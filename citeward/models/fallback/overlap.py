"""Cuts what a model repeats of the text that it was to continue."""

from __future__ import annotations

import re

BOUND = 4_000
"""Characters of the text so far in which a repetition is looked for."""
LEAST = 3
"""Characters of the shortest repetition that is cut: a shorter one may well be the next word's own beginning."""
LEAST_AFTER_SPACE = 16
"""The same where the continuation begins with white space, as one does that goes on after a word."""
_SPACE = re.compile(r"\s+")
_BEGINNING = re.compile(r"(?<!\w)\w|(?<!\S)\S")
"""Where a word, or something else after white space, begins."""


class Overlap:
    """Follows a continuation and leaves out the end of the text so far where the continuation begins with it.

    What is cut is the longest end of the text that the continuation begins with, counted from the beginning of a word,
    of `LEAST` characters or more; any white space equals any other. A model that goes on in the middle of a word is
    thus left alone ("lis" and "tens"), and one that begins the word again is not heard twice ("lis" and "listens").

    Text is held back only while it could still be such an end.

    Args:
        said: The text so far.
    """

    def __init__(self, said: str) -> None:
        self._spaced = said[-1:].isspace()
        tail = _SPACE.sub(" ", said[-BOUND:]).strip()
        begins = [match.start() for match in _BEGINNING.finditer(tail)]
        self._ends: list[str] = [tail[at:] for at in begins]
        """The ends of the text that the continuation may still begin with, longest first."""
        self._held = ""
        self._decided = not self._ends
        self._trimming = False
        """White space is left out: the text so far ends with some, and a repetition was cut."""

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be said now."""
        if not self._decided:
            self._held += text
            return self._decide(final=False)
        return self._trimmed(text) if self._trimming else text

    def close(self) -> str:
        """The continuation has ended; return what was still held back."""
        return "" if self._decided else self._decide(final=True)

    def _decide(self, *, final: bool) -> str:
        begun = _SPACE.sub(" ", self._held)
        least = LEAST_AFTER_SPACE if begun.startswith(" ") else LEAST
        begun = begun.lstrip()
        if not begun and not final:
            return ""
        self._ends = [
            end for end in self._ends if len(end) >= least and (begun.startswith(end) or end.startswith(begun))
        ]
        if self._ends and len(self._ends[0]) > len(begun) and not final:
            return ""  # it may yet turn out to be longer
        whole = next((end for end in self._ends if begun.startswith(end)), "")
        held, self._held, self._ends, self._decided = self._held, "", [], True
        if not whole:
            return held
        self._trimming = self._spaced
        return self._trimmed(_after(held, len(whole)))

    def _trimmed(self, text: str) -> str:
        if self._trimming and (text := text.lstrip()):
            self._trimming = False
        return text


def _after(text: str, characters: int) -> str:
    """The rest of `text` after so many characters: white space before them is not counted, within them it is one."""
    at = len(text) - len(text.lstrip())
    for _ in range(characters):
        space = _SPACE.match(text, at)
        at = space.end() if space else at + 1
    return text[at:]
