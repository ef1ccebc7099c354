"""Whether a question stands alone, or leans on the one before it."""

from __future__ import annotations

_POINTING = frozenset("it its that this these those they them their he she his her there same one ones".split())
_OPENINGS = ("and ", "what about", "how about", "why?", "but ", "also ", "or ")
SHORT = 10
"""Words up to which a question that points somewhere is taken to point at the question before."""


def leans(question: str) -> bool:
    """Whether the question means something only together with the one before it.

    >>> leans("And what does it cost?"), leans("What does the red house cost?")
    (True, False)
    """
    lowered = question.lower().strip()
    words = lowered.rstrip("?!. ").split()
    return lowered.startswith(_OPENINGS) or (len(words) <= SHORT and not _POINTING.isdisjoint(words))
