"""One tenant's part of a space, and what is read of its documents."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from citeward.retrieval.weaviate.connection import Connection
from citeward.retrieval.weaviate.names import tenant_name
from citeward.retrieval.weaviate.rows import Note, body_id, head_id, passage_id, referred
from citeward.retrieval.weaviate.schema import HEAD, STATE, WRITE, Space

T = TypeVar("T")
AT_ONCE = 500
"""Ids in one request."""
_NOTES = 1_000


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """Whether anything is being written, and what has been."""

    generation: str = ""
    """Changes with every write; empty before the first."""
    writing: bool = False
    """A write is under way, or was stopped and not cleared away."""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One tenant's part of a space."""

    name: str
    space: Space
    connection: Connection
    replicated: bool = False

    def passages(self, client: Any) -> Any:
        """Its part of the collection of passages."""
        return self._part(client, self.space.passages)

    def documents(self, client: Any) -> Any:
        """Its part of the collection of documents."""
        return self._part(client, self.space.documents)

    async def pulse(self) -> Pulse:
        """What tells whether the passages are those that count: where nothing is being written they are.

        Raises:
            TenantMissing: No such tenant.
        """
        from weaviate.classes.query import Filter

        kinds = Filter.by_property("kind").contains_any([STATE, WRITE])
        found = await self.connection.ask(
            lambda client: self.documents(client).query.fetch_objects(
                filters=kinds, limit=_NOTES, return_properties=["kind", "generation"]
            )
        )
        generation = [one.properties["generation"] for one in found.objects if one.properties["kind"] == STATE]
        return Pulse(generation=next(iter(generation), ""), writing=len(found.objects) > len(generation))

    async def heads(self, document_ids: Iterable[str]) -> dict[str, str]:
        """The versions of these documents that count, by document id."""
        versions = {}
        for part in batches(dict.fromkeys(document_ids), AT_ONCE):
            for one in await self.by_id(list(map(head_id, part)), ("document_id", "version")):
                versions[one["document_id"]] = one["version"]
        return versions

    async def findable(self, ids: Collection[str], kind: str) -> set[str]:
        """Which of these objects of the collection of documents are found by their ids and by their kind."""
        from weaviate.classes.query import Filter

        there: set[str] = set()
        for part in batches(ids, AT_ONCE):
            condition = Filter.by_id().contains_any(part) & Filter.by_property("kind").equal(kind)
            found = await self.connection.ask(
                lambda client, part=part, condition=condition: self.documents(client).query.fetch_objects(  # type: ignore[misc]
                    filters=condition, limit=len(part), return_properties=False
                )
            )
            there.update(str(one.uuid) for one in found.objects)
        return there

    async def head(self, document_id: str, properties: Sequence[str]) -> dict[str, Any] | None:
        """These properties of a document's head; None where it has none."""
        found = await self.by_id([head_id(document_id)], properties)
        return found[0] if found else None

    async def body(self, version: str) -> str | None:
        """The whole text of a version; None where it was removed."""
        found = await self.by_id([body_id(version)], ("text",))
        return str(found[0]["text"]) if found else None

    async def tokens(self, passage_ids: Sequence[str]) -> dict[str, bytes]:
        """`Chunk.tokens` by passage id, of the versions that count."""
        wanted = [one.rpartition("#") for one in dict.fromkeys(passage_ids)]
        versions = await self.heads(name for name, _, _ in wanted)
        ids = [
            passage_id(versions[name], int(ordinal))
            for name, _, ordinal in wanted
            if name in versions and ordinal.isdecimal()
        ]
        found = {}
        for part in batches(ids, AT_ONCE):
            for one in await self.passages_by_id(part, ("reference", "tokens")):
                if one["tokens"]:
                    found[referred(one["reference"])[1]] = base64.b64decode(one["tokens"])
        return found

    async def passages_by_id(self, ids: Sequence[str], properties: Sequence[str]) -> list[dict[str, Any]]:
        """Objects of the collection of passages; those that are not there are left out."""
        return await self._fetch(self.passages, ids, properties)

    async def vectors(self, ids: Sequence[str]) -> dict[str, list[float]]:
        """Vectors of passages by the ids of their objects; those that are not there, or have none, are left out."""
        found = await self.connection.ask(
            lambda client: self.passages(client).query.fetch_objects_by_ids(
                ids, limit=len(ids), return_properties=False, include_vector=True
            )
        )
        return {str(one.uuid): one.vector["default"] for one in found.objects if one.vector.get("default")}

    async def by_id(self, ids: Sequence[str], properties: Sequence[str]) -> list[dict[str, Any]]:
        """Objects of the collection of documents; those that are not there are left out."""
        return await self._fetch(self.documents, ids, properties)

    async def objects(self, properties: Sequence[str]) -> AsyncIterator[Mapping[str, Any]]:
        """Every object of the collection of documents, in the order of their ids."""
        after = None

        async def page(client: Any) -> Any:
            query = self.documents(client).query
            return await query.fetch_objects(limit=AT_ONCE, after=after, return_properties=list(properties))

        while True:
            found = await self.connection.ask(page)
            for one in found.objects:
                yield one.properties
            if len(found.objects) < AT_ONCE:
                return
            after = found.objects[-1].uuid

    async def count(self) -> int:
        """How many passages its heads name."""
        from weaviate.classes.aggregate import Metrics
        from weaviate.classes.query import Filter

        found = await self.connection.ask(
            lambda client: self.documents(client).aggregate.over_all(
                filters=Filter.by_property("kind").equal(HEAD),
                return_metrics=Metrics("passages").integer(sum_=True),
                total_count=False,
            )
        )
        return int(found.properties["passages"].sum_ or 0)

    async def notes(self) -> list[Note]:
        """Every write under way."""
        from weaviate.classes.query import Filter, MetadataQuery

        found = await self.connection.ask(
            lambda client: self.documents(client).query.fetch_objects(
                filters=Filter.by_property("kind").equal(WRITE),
                limit=_NOTES,
                return_properties=["documents", "versions", "sizes", "lease"],
                return_metadata=MetadataQuery(creation_time=True),
            )
        )
        newest = max((one.metadata.creation_time for one in found.objects), default=None)
        return [
            Note(
                id=str(one.uuid),
                documents=tuple(one.properties["documents"] or ()),
                sizes=dict(zip(one.properties["versions"] or (), map(int, one.properties["sizes"] or ()), strict=True)),
                age=(newest - one.metadata.creation_time).total_seconds(),
                lease=one.properties["lease"],
            )
            for one in found.objects
        ]

    async def _fetch(
        self, part: Callable[[Any], Any], ids: Sequence[str], properties: Sequence[str]
    ) -> list[dict[str, Any]]:
        found = await self.connection.ask(
            lambda client: part(client).query.fetch_objects_by_ids(
                ids, limit=len(ids), return_properties=list(properties)
            )
        )
        return [one.properties for one in found.objects]

    def _part(self, client: Any, collection: str) -> Any:
        from weaviate.classes.config import ConsistencyLevel

        part = client.collections.use(collection).with_tenant(tenant_name(self.name))
        return part.with_consistency_level(ConsistencyLevel.QUORUM) if self.replicated else part


def batches(items: Collection[T], size: int) -> Iterable[list[T]]:
    """The items in order, at most `size` at a time."""
    listed = list(items)
    return (listed[at : at + size] for at in range(0, len(listed), size))
