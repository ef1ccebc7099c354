"""Whether what was written can be found: by vector, by keyword and by condition.

A server that is killed amid a batch, or whose caller goes away, may keep an object without its place in an index.
Writing that object again under its id does not help: the server sees that the vector is the stored one and leaves the
index alone. So an interrupted write is repeated under new ids, and every write is looked for before it counts.

Looking costs a request for some hundred passages. A vector search below a condition that few objects meet compares the
vectors of all of them, and leaves out those that the vector index does not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, TypeVar

from citeward.errors import StoreError, StoreUnavailable
from citeward.retrieval.weaviate.names import tenant_name
from citeward.retrieval.weaviate.rows import Row, head_id, passage_id, referred
from citeward.retrieval.weaviate.schema import HEAD, VERIFIED
from citeward.retrieval.weaviate.tenant import AT_ONCE, Tenant, batches

T = TypeVar("T")
SAMPLED = 40
"""One passage of so many is looked for by keyword where nothing interrupted the write, and the last one."""
_WORDS_AT_ONCE = 50
_VERSIONS_AT_ONCE = 200
_LOOKS_AT_ONCE = 4
_SEARCHES_AT_ONCE = 8
_LIMITS = (10, 100)
"""Nearest passages that are looked at; a search for an answer looks at 100 or more."""
_SAME = 1e-5
"""Cosine distance of a vector to itself, at most: rounding makes it differ from 0."""
_PASSAGES_AT_ONCE = 2_000
_MARKS_AT_ONCE = 8


class Verdict(Enum):
    """What a look for written passages showed."""

    FOUND = auto()
    QUEUED = auto()
    """Not yet found by vector: the server indexes asynchronously and is not done."""
    MISSING = auto()


def sample(rows: Sequence[Row]) -> list[Row]:
    """Some passages out of a write, spread evenly: what an interruption loses, it loses in runs."""
    return [*rows[::SAMPLED], *rows[-1:]]


async def verify(tenant: Tenant, rows: Sequence[Row], sizes: Mapping[str, int], *, every: bool) -> Verdict:
    """Look for passages that were just written.

    Args:
        tenant: Whose passages.
        rows: All that were written.
        sizes: Their versions, each with the number of its passages.
        every: Look for each of them by keyword, not for a sample.
    """
    if not await _counted(tenant, sizes) or await missing_by_words(tenant, rows if every else sample(rows)):
        return Verdict.MISSING
    if not await missing_by_vector(tenant, [row.id for row in rows]):
        return Verdict.FOUND
    return Verdict.QUEUED if await _queued(tenant) else Verdict.MISSING


async def missing_by_vector(tenant: Tenant, ids: Collection[str]) -> set[str]:
    """Those passages that the vector index does not know; none in a space without vectors."""
    if tenant.space.dimensions is None:
        return set()
    somewhere = [1.0] + [0.0] * (tenant.space.dimensions - 1)

    async def look(some: Sequence[str]) -> set[str]:
        return set(some) - await _found(tenant, partial(_near, somewhere, some))

    return await _each(look, list(ids), AT_ONCE)


async def missing_by_words(tenant: Tenant, rows: Iterable[Row]) -> set[str]:
    """Ids of those passages that are not found by a word of theirs."""
    with_words = [row for row in rows if str(row.properties.get("words") or "").split()]

    async def look(some: Sequence[Row]) -> set[str]:
        ids = [row.id for row in some]
        words = dict.fromkeys(max(str(row.properties["words"]).split(), key=len) for row in some)
        return set(ids) - await _found(tenant, partial(_matching, " ".join(words), ids))

    return await _each(look, with_words, _WORDS_AT_ONCE)


async def missing_by_search(tenant: Tenant, ids: Collection[str]) -> set[str]:
    """Those passages that a search by their own vector does not lead to, although the index may know them.

    So it is where the log of the index ended amid a passage's links to its neighbours. It costs a request for each; of
    many passages with one and the same vector, those that none of them leads to are missing too.
    """
    missing: set[str] = set()
    for part in batches(ids, AT_ONCE):
        vectors = await tenant.vectors(part)
        for wave in batches(list(vectors), _SEARCHES_AT_ONCE):
            reached = await asyncio.gather(*(_reached(tenant, name, vectors[name]) for name in wave))
            missing.update(name for name, found in zip(wave, reached, strict=True) if not found)
    return missing


async def _reached(tenant: Tenant, name: str, vector: Sequence[float]) -> bool:
    from weaviate.classes.query import MetadataQuery

    def search(limit: int, client: Any) -> Any:
        distance = MetadataQuery(distance=True)
        query = tenant.passages(client).query
        return query.near_vector(list(vector), limit=limit, return_properties=False, return_metadata=distance)

    if not any(vector):
        return True  # a vector without a direction is near to nothing
    for limit in _LIMITS:
        found = await tenant.connection.ask(partial(search, limit))
        if any(str(one.uuid) == name for one in found.objects):
            return True
    # Where all of them are as near as the passage itself, more have its vector than are looked at.
    return len(found.objects) == limit and found.objects[-1].metadata.distance < _SAME


async def _each(look: Callable[[Sequence[T]], Awaitable[set[str]]], items: Sequence[T], size: int) -> set[str]:
    missing: set[str] = set()
    for wave in batches(list(batches(items, size)), _LOOKS_AT_ONCE):
        missing.update(*await asyncio.gather(*map(look, wave)))
    return missing


async def _found(tenant: Tenant, query: Any) -> set[str]:
    found = await tenant.connection.ask(lambda client: query(tenant.passages(client).query))
    return {str(one.uuid) for one in found.objects}


def _near(vector: Sequence[float], ids: Sequence[str], query: Any) -> Any:
    from weaviate.classes.query import Filter

    condition = Filter.by_id().contains_any(list(ids))
    return query.near_vector(list(vector), filters=condition, limit=len(ids), return_properties=False)


def _matching(words: str, ids: Sequence[str], query: Any) -> Any:
    from weaviate.classes.query import Filter

    condition = Filter.by_id().contains_any(list(ids))
    return query.bm25(words, query_properties=["words"], filters=condition, limit=len(ids), return_properties=False)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A document as its head describes it."""

    id: str
    version: str
    passages: int
    verified: bool


async def stored(tenant: Tenant, *, marked: bool) -> list[Stored]:
    """Every document that is listed.

    Args:
        tenant: Whose documents.
        marked: Whether heads can say that their passages were verified; where they cannot, none is.
    """
    properties = ("kind", "document_id", "version", "passages", *([VERIFIED] if marked else []))
    return [
        Stored(
            id=one["document_id"],
            version=one["version"],
            passages=int(one["passages"]),
            verified=marked and bool(one[VERIFIED]),
        )
        async for one in tenant.objects(properties)
        if one["kind"] == HEAD
    ]


async def unverified(tenant: Tenant, *, marked: bool) -> list[str]:
    """Ids of documents that were not verified, or that a write under way or a stopped one names."""
    noted = {name for note in await tenant.notes() for name in note.documents}
    return sorted(noted | {one.id for one in await stored(tenant, marked=marked) if not one.verified})


async def inspect(tenant: Tenant, *, marked: bool, mark: bool) -> list[str]:
    """Look for what is not known to be found; ids of documents that have to be written anew, sorted.

    Args:
        tenant: Whose documents.
        marked: As for `stored`.
        mark: Note on the heads of those that are found that they were.
    """
    listed = await stored(tenant, marked=marked)
    noted = {name for note in await tenant.notes() for name in note.documents}
    heads = await tenant.findable([head_id(one.id) for one in listed], HEAD)
    # A head that no condition finds is listed all the same, and would keep its document from being written.
    lost = {one.id for one in listed if head_id(one.id) not in heads}
    doubtful = [one for one in listed if one.id not in lost and (one.id in noted or not one.verified)]
    for some in _shares(doubtful):
        broken, queued = await _broken(tenant, some)
        lost |= broken
        if mark:
            found = [one.id for one in some if not one.verified and one.id not in broken | queued]
            await _mark(tenant, found)
    return sorted(lost)


def _shares(documents: Sequence[Stored]) -> Iterator[list[Stored]]:
    some: list[Stored] = []
    for one in documents:
        if some and sum(other.passages for other in some) + one.passages > _PASSAGES_AT_ONCE:
            yield some
            some = []
        some.append(one)
    if some:
        yield some


async def _broken(tenant: Tenant, documents: Sequence[Stored]) -> tuple[set[str], set[str]]:
    """Documents of which a passage is missing, and those of which one waits to be indexed."""
    owners = {passage_id(one.version, number): one.id for one in documents for number in range(one.passages)}
    there: dict[str, Row] = {}
    for part in batches(owners, AT_ONCE):
        for properties in await tenant.passages_by_id(part, ("reference", "words")):
            version, name = referred(properties["reference"])
            place = passage_id(version, int(name.rpartition("#")[2]))
            there[place] = Row(id=place, properties={"words": properties["words"]})
    missing = {name for name in owners if name not in there} | await missing_by_words(tenant, there.values())
    for one in documents:
        if not await _counted(tenant, {one.version: one.passages}):
            missing.update(name for name, owner in owners.items() if owner == one.id)
    unindexed = await missing_by_vector(tenant, [name for name in there if name not in missing])
    late = {owners[name] for name in unindexed}
    queued = bool(late) and await _queued(tenant)
    if not queued:
        # Whoever wrote them did not look whether something interrupted it, so the links among them may be torn.
        unverified = {one.id for one in documents if not one.verified} - late
        missing |= await missing_by_search(tenant, [name for name in there if owners[name] in unverified])
    broken = {owners[name] for name in missing}
    return (broken, late) if queued else (broken | late, set())


async def _mark(tenant: Tenant, document_ids: Sequence[str]) -> None:
    async def mark(name: str) -> None:
        await tenant.connection.tell(
            lambda client: tenant.documents(client).data.update(uuid=head_id(name), properties={VERIFIED: True})
        )

    for some in batches(document_ids, _MARKS_AT_ONCE):
        await asyncio.gather(*map(mark, some))


async def _counted(tenant: Tenant, sizes: Mapping[str, int]) -> bool:
    """Whether the condition on versions meets as many passages as there are."""
    from weaviate.classes.query import Filter

    def count(condition: Any, client: Any) -> Any:
        return tenant.passages(client).aggregate.over_all(filters=condition, total_count=True)

    for some in batches(sizes, _VERSIONS_AT_ONCE):
        condition = Filter.by_property("version").contains_any(some)
        found = await tenant.connection.ask(partial(count, condition))
        if int(found.total_count or 0) != sum(sizes[version] for version in some):
            return False
    return True


async def _queued(tenant: Tenant) -> bool:
    """Whether vectors wait to be indexed; also where the server does not say."""
    try:
        nodes = await tenant.connection.ask(
            lambda client: client.cluster.nodes(collection=tenant.space.passages, output="verbose")
        )
    except StoreUnavailable:
        raise
    except StoreError:
        return True  # the key may not ask for it
    name = tenant_name(tenant.name)
    shards = [shard for node in nodes for shard in node.shards or () if shard.name == name]
    return any(shard.vector_queue_length for shard in shards)
