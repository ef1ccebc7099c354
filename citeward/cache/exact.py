"""The exact tier: the same words, in the same scope, within their time to live."""

from __future__ import annotations

import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.cache import Scope


class ExactCache:
    """Keeps the last `entries` answers in process, least recently used out first.

    Args:
        entries: 1 or more.
        ttl: Seconds that an answer may be given again.
        clock: Monotonic seconds; replaced in tests.
    """

    def __init__(
        self, *, entries: int = 1000, ttl: float = 3600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._entries = entries
        self._ttl = ttl
        self._clock = clock
        self._kept: OrderedDict[tuple[Scope, str], tuple[float, Answer]] = OrderedDict()

    async def get(self, question: str, scope: Scope, /) -> Answer | None:
        """The answer to the same words in exactly this scope; None where there is none or it is too old."""
        key = (scope, normalised(question))
        found = self._kept.get(key)
        if found is None:
            return None
        stored, answer = found
        if self._clock() - stored > self._ttl:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return answer

    async def put(self, question: str, answer: Answer, scope: Scope, /) -> None:
        """Keep the answer; one that was refused or blocked is left out, since it may be answered tomorrow."""
        if answer.outcome is not Outcome.ANSWERED:
            return
        key = (scope, normalised(question))
        self._kept[key] = (self._clock(), answer)
        self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)

    def clear(self) -> int:
        """Forget everything; returns how many answers were kept."""
        count = len(self._kept)
        self._kept.clear()
        return count


def normalised(question: str) -> str:
    """The question without differences that never change its meaning: white space, letter case, a closing mark.

    >>> normalised("  How do I\\tinstall it ?") == normalised("how do i install it")
    True
    """
    text = " ".join(unicodedata.normalize("NFC", question).casefold().split())
    return text.rstrip("?.! ") or text
