"""Where a text is told to stop."""

from __future__ import annotations

from collections.abc import Sequence


def held_back(text: str, marks: Sequence[str]) -> int:
    """How many characters at the end of `text` may be the beginning of one of `marks`.

    >>> held_back("as the EN", ["END", "STOP"]), held_back("as the end", ["END"])
    (2, 0)
    """
    longest = max((len(mark) for mark in marks), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0


class Stops:
    """Ends a text before the stop that is complete first, wherever the pieces' borders fall.

    Args:
        stops: Texts, none empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""
        self.hit = False
        """Whether one of them was met; nothing comes after it."""

    def feed(self, text: str) -> str:
        """What may be said now; a text that may be the beginning of a stop waits."""
        if self.hit:
            return ""
        self._held += text
        found = [(place + len(stop), place) for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            self.hit = True
            return self._held[: min(found)[1]]
        keep = held_back(self._held, self._stops)
        out = self._held[: len(self._held) - keep]
        self._held = self._held[len(out) :]
        return out

    def close(self) -> str:
        """What waited for a stop that did not come."""
        return "" if self.hit else self._held
