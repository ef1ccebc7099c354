"""The semantic tier: another question that means the same gets the same answer, where nothing speaks against it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from citeward.cache.entry import Entries
from citeward.cache.safety import conflict
from citeward.contracts.answer import Answer
from citeward.contracts.cache import Scope, Turns
from citeward.contracts.retrieval import Embedder, Vector
from citeward.errors import CitewardError, InvalidInput
from citeward.logs import get_logger

CANDIDATES = 8
"""Near questions that are looked at; each costs the checks some tenths of a millisecond at most."""
_REMEMBERED = 256
"""Vectors kept between a question's look-up and the storing of its answer."""

logger = get_logger(__name__)


class SemanticCache:
    """An exact tier, and where it has nothing, the nearest question of the same scope that passes every check.

    Args:
        exact: Keeps answers and vectors: an ExactCache, or a RedisCache that several processes share.
        embedder: Compares questions, twice for each that is not found by its words; best a model on this machine.
        threshold: Least cosine of a hit, from `citeward.cache.threshold` for a declared bound on wrong hits.
        check: The reason why two questions must not share an answer, or an empty text.

    Raises:
        InvalidInput: The threshold is not between 0 and 1.
    """

    def __init__(
        self,
        exact: Entries,
        embedder: Embedder,
        *,
        threshold: float,
        check: Callable[[str, str], str] = conflict,
    ) -> None:
        if not 0 < threshold <= 1:
            raise InvalidInput(f"threshold {threshold!r} is out of range", hint="Give a cosine above 0 and at most 1.")
        self._exact = exact
        self._embedder = embedder
        self._threshold = threshold
        self._check = check
        self._vectors: OrderedDict[str, Vector] = OrderedDict()

    @property
    def turns(self) -> Turns:
        """Those of the exact tier: only questions of the same words wait for one another."""
        return self._exact.turns

    async def get(self, question: str, scope: Scope, /) -> Answer | None:
        """The answer to the same words; else to the nearest question that may share its answer."""
        found = await self._exact.get(question, scope)
        if found is not None:
            return found
        vector = await self._vector(question)
        if vector is None:
            return None
        for near in await self._exact.near(vector, scope, threshold=self._threshold, limit=CANDIDATES):
            if self._check(question, near.question):
                continue
            answer = await self._exact.get(near.question, scope)
            if answer is not None:
                return replace(answer, cache="semantic", similarity=round(near.similarity, 4))
        return None

    async def put(self, question: str, answer: Answer, scope: Scope, /) -> None:
        """Store the answer under the question's words and its vector."""
        await self._exact.keep(question, answer, scope, vector=await self._vector(question))

    async def clear(self) -> int:
        """Forget everything; returns how many answers were kept."""
        self._vectors.clear()
        return await self._exact.clear()

    async def close(self) -> None:
        """Close the exact tier; the embedder is its maker's."""
        await self._exact.close()

    async def _vector(self, question: str) -> Vector | None:
        """The question's vector; None where the embedder fails, which leaves the exact tier."""
        if question not in self._vectors:
            try:
                # Both sides are questions, so both are embedded alike.
                rows = await self._embedder.embed([question], queries=True)
            except CitewardError as error:
                logger.warning("cache.embedding_failed", error=error.code)
                return None
            self._vectors[question] = rows[0]
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        self._vectors.move_to_end(question)
        return self._vectors[question]
