"""The exact tier: the same words, in the same scope, within their time to live."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from citeward.cache.entry import Near, normalised, storable
from citeward.cache.rows import Rows
from citeward.cache.turns import LocalTurns
from citeward.contracts.answer import Answer
from citeward.contracts.cache import Scope, Turns
from citeward.contracts.retrieval import Vector


@dataclass(frozen=True, kw_only=True)
class _Kept:
    stored: float
    question: str
    answer: Answer


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
        self._kept: OrderedDict[tuple[Scope, str], _Kept] = OrderedDict()
        self._rows: dict[Scope, Rows[str]] = {}
        self._turns = LocalTurns(clock=clock)

    @property
    def turns(self) -> Turns:
        """Who computes what in this process."""
        return self._turns

    async def get(self, question: str, scope: Scope, /) -> Answer | None:
        """The answer to the same words in exactly this scope; None where there is none or it is too old."""
        key = (scope, normalised(question))
        kept = self._fresh(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return replace(kept.answer, cached=True, cache="exact")

    async def put(self, question: str, answer: Answer, scope: Scope, /) -> None:
        """Keep the answer; one that was refused or blocked is left out, since it may be answered tomorrow."""
        await self.keep(question, answer, scope, vector=None)

    async def keep(self, question: str, answer: Answer, scope: Scope, /, *, vector: Vector | None) -> None:
        """Keep the answer with its question's vector, by which `near` finds it."""
        kept = storable(answer)
        if kept is None:
            return
        key = (scope, normalised(question))
        self._drop(key)
        self._kept[key] = _Kept(stored=self._clock(), question=question, answer=kept)
        if vector is not None:
            self._rows.setdefault(scope, Rows()).add(key[1], vector)
        while len(self._kept) > self._entries:
            self._drop(next(iter(self._kept)))

    async def near(self, vector: Vector, scope: Scope, /, *, threshold: float, limit: int) -> Sequence[Near]:
        """The nearest questions of the scope with at least this cosine, nearest first."""
        rows = self._rows.get(scope)
        found = rows.nearest(vector, threshold=threshold, limit=limit) if rows is not None else []
        fresh = ((self._fresh((scope, words)), similarity) for words, similarity in found)
        return [Near(question=kept.question, similarity=similarity) for kept, similarity in fresh if kept is not None]

    async def clear(self) -> int:
        """Forget everything; returns how many answers were kept."""
        count = len(self._kept)
        self._kept.clear()
        self._rows.clear()
        return count

    async def close(self) -> None:
        """Nothing to give back."""

    def _fresh(self, key: tuple[Scope, str]) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept.stored > self._ttl:
            self._drop(key)
            return None
        return kept

    def _drop(self, key: tuple[Scope, str]) -> None:
        self._kept.pop(key, None)
        rows = self._rows.get(key[0])
        if rows is not None:
            rows.drop(key[1])
            if not len(rows):
                del self._rows[key[0]]
