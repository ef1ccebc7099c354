"""Search models on other machines, which are given no personal data of a question."""

from __future__ import annotations

from collections.abc import Sequence

from citeward.contracts.guardrail import Origin
from citeward.contracts.model import leaves
from citeward.contracts.retrieval import Embedder, Passage, Reranker, Vectors
from citeward.guardrails.policy import Rails


class DiscreetEmbedder:
    """An embedder that is asked with what the policy takes out of a user's text left out: `[EMAIL]` for an address.

    For a tool that searches: it gets the values, and has no vault to mask them with.
    """

    def __init__(self, embedder: Embedder, rails: Rails) -> None:
        self._embedder = embedder
        self._rails = rails

    @property
    def name(self) -> str:
        """The embedder's."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """The embedder's."""
        return self._embedder.dimensions

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        """As the embedder does."""
        return await self._embedder.embed([await _redacted(text, self._rails) for text in texts], queries=queries)


class DiscreetReranker:
    """The same for a reranker's query. Passages are what they are: who may read them has found them."""

    def __init__(self, reranker: Reranker, rails: Rails) -> None:
        self._reranker = reranker
        self._rails = rails

    @property
    def name(self) -> str:
        """The reranker's."""
        return self._reranker.name

    async def rerank(
        self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"
    ) -> list[Passage]:
        """As the reranker does."""
        return await self._reranker.rerank(await _redacted(query, self._rails), passages, limit=limit, tenant=tenant)


def discreet_embedder(embedder: Embedder | None, rails: Rails) -> Embedder | None:
    """The embedder; one that asks discreetly where it stands elsewhere."""
    return DiscreetEmbedder(embedder, rails) if embedder is not None and leaves(embedder) else embedder


def discreet_reranker(reranker: Reranker | None, rails: Rails) -> Reranker | None:
    """The reranker; one that asks discreetly where it stands elsewhere."""
    return DiscreetReranker(reranker, rails) if reranker is not None and leaves(reranker) else reranker


async def _redacted(text: str, rails: Rails) -> str:
    """What is left of the text; a text that a guard blocks is a blank one."""
    return (await rails.check(text, origin=Origin.USER)).text or "."
