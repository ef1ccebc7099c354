"""What a guard found in texts that come again and again: passages of the same documents."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from citeward.text.digest import digest

T = TypeVar("T")

KEPT = 4_096
"""Texts; about a megabyte."""


class Memory(Generic[T]):
    """The findings of the texts that were seen last, by a hash of each: no text is kept.

    Args:
        kept: How many, at most.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[bytes, T] = OrderedDict()

    def get(self, text: str, /) -> T | None:
        """What was found in `text`; None where it is not known, or no longer."""
        key = digest(text)
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def put(self, text: str, found: T, /) -> None:
        """Remember it, in the place of what was longest not asked for."""
        self._known[digest(text)] = found
        if len(self._known) > self._kept:
            self._known.popitem(last=False)
