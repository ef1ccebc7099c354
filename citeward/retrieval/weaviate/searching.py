"""The two legs of a search over one tenant, and the look at the heads that makes them one moment's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from citeward.contracts.retrieval import Passage, Vector
from citeward.retrieval.fusion import candidates
from citeward.retrieval.legs import Leg
from citeward.retrieval.weaviate.rows import PASSAGE, passage
from citeward.retrieval.weaviate.tenant import Tenant
from citeward.retrieval.weaviate.where import Condition, without

_LOOKS = 8
"""How often a search looks again, where documents that it met were being replaced."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What both legs found."""

    keyword: Leg = field(default_factory=Leg)
    vector: Leg = field(default_factory=Leg)
    generation: str | None = None
    """The tenant's, after the search."""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    properties: Mapping[str, Any]
    score: float


async def search(
    tenant: Tenant,
    *,
    words: Sequence[str],
    vector: Vector | None,
    condition: Condition | bool,
    limit: int,
    generation: str | None,
) -> Found:
    """Both legs at once, over the versions that count.

    What is found of other versions (staged, or just replaced) makes the search look again without them; so does a
    generation that changed, for then something may have been deleted under it.

    Args:
        tenant: Whose passages.
        words: Terms of the query; none leaves the keyword leg empty.
        vector: The query's; None leaves the vector leg empty.
        condition: What both legs may find.
        limit: How many passages are wanted in the end.
        generation: As it was at any moment before; None where it is not known.

    Raises:
        TenantMissing: No such tenant.
    """
    if generation is None:
        generation = (await tenant.heads(())).generation
    met: dict[str, str] = {}
    stale: set[str] = set()
    for _ in range(_LOOKS):
        left_out = stale
        allowed = without(condition, left_out)
        by_word, by_vector = await asyncio.gather(
            _keyword(tenant, words, allowed, limit), _nearest(tenant, vector, allowed, limit)
        )
        there = {one.properties["version"]: one.properties["document_id"] for one in (*by_word, *by_vector)}
        met |= there
        heads = await tenant.heads(met.values())
        # A version that was left out as staged may count by now, and is then looked for again.
        stale = {version for version, name in met.items() if heads.versions.get(name) != version}
        calm, generation = heads.generation == generation, heads.generation
        if calm and left_out <= stale and stale.isdisjoint(there):
            break
    return Found(keyword=_leg(by_word, stale), vector=_leg(by_vector, stale), generation=generation)


async def _keyword(tenant: Tenant, words: Sequence[str], allowed: Condition | bool, limit: int) -> list[_Candidate]:
    """Passages that share a term with the query, by BM25."""
    from weaviate.classes.query import MetadataQuery

    if not words or allowed is False:
        return []
    found = await tenant.connection.ask(
        lambda client: tenant.passages(client).query.bm25(
            " ".join(words),
            query_properties=["words"],
            filters=None if allowed is True else allowed,
            limit=candidates(limit),
            return_properties=list(PASSAGE),
            return_metadata=MetadataQuery(score=True),
        )
    )
    return [_Candidate(properties=one.properties, score=one.metadata.score) for one in found.objects]


async def _nearest(tenant: Tenant, vector: Vector | None, allowed: Condition | bool, limit: int) -> list[_Candidate]:
    """The nearest passages, by cosine similarity."""
    from weaviate.classes.query import MetadataQuery

    if vector is None or allowed is False:
        return []
    found = await tenant.connection.ask(
        lambda client: tenant.passages(client).query.near_vector(
            vector.tolist(),
            filters=None if allowed is True else allowed,
            limit=candidates(limit),
            return_properties=list(PASSAGE),
            return_metadata=MetadataQuery(distance=True),
        )
    )
    return [_Candidate(properties=one.properties, score=1 - one.metadata.distance) for one in found.objects]


def _leg(found: Sequence[_Candidate], stale: set[str]) -> Leg:
    passages: dict[str, Passage] = {}
    scores: dict[str, float] = {}
    for one in found:
        if one.properties["version"] not in stale:
            built = passage(one.properties)
            passages[built.id], scores[built.id] = built, one.score
    return Leg(passages=passages, scores=scores)
