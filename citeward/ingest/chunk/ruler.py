"""What tells how large a stretch of a text is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from citeward.text.tokens import EstimatedRuler, estimate_tokens

Count: TypeAlias = Callable[[str], int]
_LONGEST_WORD = 40
"""Letters a token, seldom more: longer stretches are over a limit without being counted."""


class Ruler(Protocol):
    """Measures stretches of one text, by character offsets."""

    def tokens(self, start: int, end: int) -> int:
        """How many tokens ``text[start:end]`` has."""
        ...

    def reach(self, start: int, end: int, limit: int) -> int:
        """The furthest stop past `start`, up to `end`, such that ``text[start:stop]`` has at most `limit` tokens."""
        ...


def ruler(text: str, count: Count) -> Ruler:
    """What measures the text as `count` does; the estimate looks at the text once, any other asks for each stretch."""
    return EstimatedRuler(text) if count is estimate_tokens else CountedRuler(text, count)


class CountedRuler:
    """Measures by a counter of the caller's, such as a model's own tokenizer."""

    def __init__(self, text: str, count: Count) -> None:
        self._text, self._count = text, count
        self._known: tuple[int, int, int] = (0, 0, 0)

    def tokens(self, start: int, end: int) -> int:
        """How many tokens ``text[start:end]`` has; the last answer is remembered, as it is often asked for again."""
        if self._known[:2] != (start, end):
            self._known = (start, end, self._count(self._text[start:end]))
        return self._known[2]

    def reach(self, start: int, end: int, limit: int) -> int:
        """The furthest stop by bisection, which holds where a longer stretch has no fewer tokens."""
        low, high = start + 1, min(end, start + _LONGEST_WORD * limit)
        while low < high:
            middle = (low + high + 1) // 2
            if self._count(self._text[start:middle]) <= limit:
                low = middle
            else:
                high = middle - 1
        return low
