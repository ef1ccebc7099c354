"""Cuts what a model repeats of the text that it was to continue, and says where that cannot be told."""

from __future__ import annotations

import re
from collections.abc import Sequence

import regex

BOUND = 4_000
"""Characters of the text so far in which a repetition is looked for."""
SURE = 16
"""Characters from which on a repetition is one, wherever it begins; those of a script that sets no spaces between words
count twice."""
LEAST = 3
"""Characters of the shortest repetition that is cut: the beginning of a word, which the continuation completes."""
_SPACE = re.compile(r"\s+")
_BEGINNING = re.compile(r"(?<!\w)\w|(?<!\S)\S")
"""Where a word, or something else after white space, begins."""
_WITHOUT_SPACES = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
"""Letters of scripts that set no spaces between words."""


class Overlap:
    """Follows a continuation and leaves out the end of the text so far where the continuation begins with it.

    A continuation that begins with no end of the text repeats nothing. One that begins with an end of `SURE` characters
    or more repeats it, and so does one that begins a word again and completes it ("lis" and "listens"): that is cut,
    and any white space equals any other. Any other end may also be how the text really goes on: after "It l" comes
    "listens" from a model that says the word again, and "lama" from one that goes on in its middle; "had" may follow
    "had"; and a text that repeats itself ("no no no") does not show what of it is repeated. Then `unclear` is true, and
    the text so far and the continuation must not be joined; what is returned is no more than the likeliest joining.

    Text is held back only while it could still be such an end.

    Args:
        said: The text so far.
    """

    def __init__(self, said: str) -> None:
        self._spaced = said[-1:].isspace()
        self._tail = _SPACE.sub(" ", said[-BOUND:]).strip()
        self._places: list[int] | None = None
        """Where in the tail the ends begin that the continuation may still begin with."""
        self._compared = 0
        self._held = ""
        self._decided = not self._tail
        self._trimming = False
        """White space is left out: the text so far ends with some, and a repetition was cut."""
        self.unclear = False
        """Whether it cannot be told what of the continuation is repeated; known before any of it is returned."""

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
        apart = self._spaced or begun.startswith(" ")
        begun = begun.lstrip()
        if not begun and not final:
            return ""
        places = self._possible(begun, apart=apart)
        lengths = [len(self._tail) - at for at in places]
        longer = [length for length in lengths if length > len(begun)]
        if longer and not final:
            return ""  # it may yet turn out to be one of these
        ends = lengths[len(longer) :]
        if ends and ends[0] == len(begun) < SURE and not final:
            return ""  # whether it completes a word shows with its next character
        held, self._held, self._places, self._decided = self._held, "", [], True
        if not ends:
            # A model that began again and ended before it came to anything new.
            self.unclear = bool(longer) and len(begun) >= LEAST
            return held
        self.unclear = not self._is_told(begun, ends, apart=apart)
        cut = ends[0]
        likely = cut >= (SURE if held[:1].isspace() else LEAST) and self._begins_word(cut)
        if self.unclear and not likely:
            return held
        self._trimming = self._spaced
        return self._trimmed(_after(held, cut))

    def _possible(self, begun: str, *, apart: bool) -> list[int]:
        """Where the ends begin that the continuation, which has begun so, begins with or may yet, longest first.

        Args:
            begun: The continuation so far.
            apart: Whether white space parts it from the text: then no word is repeated from its middle.
        """
        tail = self._tail
        if self._places is None:
            first = begun[:1]
            self._places = [
                at
                for at, char in enumerate(tail)
                if char == first and (not apart or at == 0 or tail[at - 1] == " " or _WITHOUT_SPACES.match(char))
            ]
        old, size = self._compared, len(begun)
        new = begun[old:]
        self._places = [at for at in self._places if new.startswith(tail[at + old : at + size])]
        self._compared = size
        return self._places

    def _is_told(self, begun: str, ends: Sequence[int], *, apart: bool) -> bool:
        """Whether the longest of the ends that the continuation begins with must be a repetition."""
        longest = ends[0]
        if len(ends) > 1 and 2 * ends[1] > longest:
            return False  # the text repeats itself: a shorter end would do as well, and so would none
        again = self._tail[-longest:]
        if longest + len(_WITHOUT_SPACES.findall(again)) >= SURE:
            return True
        word = re.search(r"[^\W\d_]+\Z", again)
        return (
            not apart
            and longest >= LEAST
            and word is not None
            and self._begins_word(longest)
            and begun[longest : longest + 1].isalpha()
            and _WITHOUT_SPACES.search(again) is None
        )

    def _begins_word(self, end: int) -> bool:
        """Whether the end of so many characters begins with a word."""
        return _BEGINNING.match(self._tail, len(self._tail) - end) is not None

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
