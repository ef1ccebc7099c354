"""The two legs of a search over one tenant, and the look at what is being written that makes them one moment's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citeward.contracts.retrieval import Fusion, Hit, Passage, Vector
from citeward.retrieval.fusion import candidates, fuse
from citeward.retrieval.legs import Leg, hits
from citeward.retrieval.weaviate.rows import PASSAGE, document_of, passage, referred
from citeward.retrieval.weaviate.tenant import AT_ONCE, Tenant, batches
from citeward.retrieval.weaviate.where import Condition, without

_LOOKS = 8
"""How often a search looks again, where documents that it met were being replaced."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One search."""

    words: Sequence[str]
    """Terms of the query; none leaves the keyword leg empty."""
    vector: Vector | None
    """The query's; None leaves the vector leg empty."""
    condition: Condition | bool
    """What both legs may find."""
    alpha: float
    fusion: Fusion
    limit: int
    degraded: bool


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, and when."""

    hits: list[Hit]
    generation: str
    """The tenant's, after the search."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One passage as a leg found it."""

    name: str
    version: str
    object_id: str
    score: float


async def search(tenant: Tenant, asked: Asked, *, generation: str | None) -> Found:
    """Both legs at once, over the versions that count.

    Where nothing was written since `generation` and nothing is, every passage counts. Otherwise the heads are asked;
    what was found of other versions, staged or just replaced, makes the search look again without them.

    Args:
        tenant: Whose passages.
        asked: What for.
        generation: The tenant's at any moment before; None where it is not known.

    Raises:
        TenantMissing: No such tenant.
    """
    if generation is None:
        generation = (await tenant.pulse()).generation
    documents: dict[str, str] = {}
    stale: set[str] = set()
    for _ in range(_LOOKS):
        left_out = stale
        keyword, vector = await _legs(tenant, asked, left_out)
        best = _best(asked, keyword, vector)
        passages, pulse = await asyncio.gather(_passages(tenant, best), tenant.pulse())
        calm, generation = pulse.generation == generation and len(passages) == len(best), pulse.generation
        if calm and not pulse.writing and not left_out:
            break
        there = {one.version: document_of(one.name) for one in (*keyword, *vector)}
        documents |= there
        heads = await tenant.heads(documents.values())
        # A version that was left out as staged may count by now, and is then looked for again.
        stale = {version for version, name in documents.items() if heads.get(name) != version}
        if calm and left_out <= stale and stale.isdisjoint(there):
            break
    else:
        # Written faster than it can be read: what is known to count, and is still there.
        keyword, vector = ([one for one in leg if one.version not in stale] for leg in (keyword, vector))
        passages = await _passages(tenant, _best(asked, keyword, vector))
        keyword, vector = ([one for one in leg if one.name in passages] for leg in (keyword, vector))
    return Found(
        hits=hits(
            Leg(passages=passages, scores=_scores(keyword)),
            Leg(scores=_scores(vector)),
            alpha=asked.alpha,
            fusion=asked.fusion,
            limit=asked.limit,
            degraded=asked.degraded,
        ),
        generation=generation,
    )


async def _legs(tenant: Tenant, asked: Asked, left_out: set[str]) -> tuple[list[_Candidate], list[_Candidate]]:
    allowed = without(asked.condition, left_out)
    if allowed is False:
        return [], []
    more: dict[str, Any] = {
        "filters": None if allowed is True else allowed,
        "limit": candidates(asked.limit),
        "return_properties": ["reference"],
    }
    return await asyncio.gather(_keyword(tenant, asked.words, more), _nearest(tenant, asked.vector, more))


async def _keyword(tenant: Tenant, words: Sequence[str], more: Mapping[str, Any]) -> list[_Candidate]:
    """Passages that share a term with the query, by BM25."""
    from weaviate.classes.query import MetadataQuery

    if not words:
        return []
    found = await tenant.connection.ask(
        lambda client: tenant.passages(client).query.bm25(
            " ".join(words), query_properties=["words"], return_metadata=MetadataQuery(score=True), **more
        )
    )
    return [_candidate(one, one.metadata.score) for one in found.objects]


async def _nearest(tenant: Tenant, vector: Vector | None, more: Mapping[str, Any]) -> list[_Candidate]:
    """The nearest passages, by cosine similarity."""
    from weaviate.classes.query import MetadataQuery

    if vector is None:
        return []
    values = vector.tolist()
    found = await tenant.connection.ask(
        lambda client: tenant.passages(client).query.near_vector(
            values, return_metadata=MetadataQuery(distance=True), **more
        )
    )
    return [_candidate(one, 1 - one.metadata.distance) for one in found.objects]


def _candidate(found: Any, score: float) -> _Candidate:
    version, name = referred(found.properties["reference"])
    return _Candidate(name=name, version=version, object_id=str(found.uuid), score=score)


def _scores(leg: Sequence[_Candidate]) -> dict[str, float]:
    return {one.name: one.score for one in leg}


def _best(asked: Asked, keyword: Sequence[_Candidate], vector: Sequence[_Candidate]) -> list[str]:
    """The objects of the passages that come first after fusion: only those are read whole."""
    objects = {one.name: one.object_id for one in (*keyword, *vector)}
    alpha = 0.0 if asked.degraded else asked.alpha
    fused = fuse(_scores(keyword), _scores(vector), alpha=alpha, fusion=asked.fusion)
    return [objects[one.id] for one in fused[: asked.limit]]


async def _passages(tenant: Tenant, objects: Sequence[str]) -> dict[str, Passage]:
    """By the passages' ids; those that were deleted are left out."""
    found = {}
    for part in batches(objects, AT_ONCE):
        for one in map(passage, await tenant.passages_by_id(part, PASSAGE)):
            found[one.id] = one
    return found
