"""The tenants of a space: each has a part of either collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from citeward.retrieval.weaviate.connection import Connection
from citeward.retrieval.weaviate.names import tenant_name, tenant_of
from citeward.retrieval.weaviate.rows import STATE_ID, state_row
from citeward.retrieval.weaviate.schema import VERIFIED, Space, add_ranges, make_documents, property_names
from citeward.retrieval.weaviate.sending import put_findable
from citeward.retrieval.weaviate.tenant import Tenant


class Tenants:
    """Makes and lists tenants, and keeps in mind what was made.

    Args:
        connection: To the server.
        replicated: Whether a write must reach most replicas, and a read ask them.
    """

    def __init__(self, connection: Connection, *, replicated: bool) -> None:
        self._connection = connection
        self._replicated = replicated
        self._made: set[tuple[str, str]] = set()
        self._properties: dict[str, frozenset[str]] = {}
        self._marking: set[str] = set()

    def part(self, space: Space, tenant: str) -> Tenant:
        """The tenant's part of a space, there or not.

        Raises:
            InvalidInput: A name that no tenant can have.
        """
        tenant_name(tenant)
        return Tenant(name=tenant, space=space, connection=self._connection, replicated=self._replicated)

    async def make(self, space: Space, tenant: str) -> Tenant:
        """The tenant's part of a space, made where it is not there."""
        part, name = self.part(space, tenant), tenant_name(tenant)
        if (space.passages, name) not in self._made:
            await self._connection.tell(lambda client: _create(client, space, name))
            if not (await part.pulse()).generation:
                await put_findable(part, [state_row(tenant, uuid4().hex)])
            self._made.add((space.passages, name))
        return part

    async def every(self, space: Space) -> list[str]:
        """The names of all tenants of a space."""
        there = await self._connection.ask(lambda client: client.collections.use(space.documents).tenants.get())
        names = [tenant_of(name) or await self._named(space, name) for name in there]
        return [name for name in names if name]

    async def ranges(self, space: Space, wanted: Iterable[str]) -> frozenset[str]:
        """The properties of the passages, as far as `wanted` ones go; another process may have added some."""
        known = self._properties.get(space.passages, frozenset())
        if not known.issuperset(wanted):
            known = await self._connection.ask(lambda client: property_names(client.collections.use(space.passages)))
            self._properties[space.passages] = known
        return known

    async def marks(self, space: Space) -> bool:
        """Whether heads can say that their passages were verified; in collections of an older Citeward they cannot."""
        if space.documents not in self._marking:
            names = await self._connection.ask(lambda client: property_names(client.collections.use(space.documents)))
            if VERIFIED not in names:
                return False
            self._marking.add(space.documents)
        return True

    async def make_marks(self, space: Space) -> None:
        """Make the place for it where it is missing."""
        if not await self.marks(space):
            await self._connection.tell(lambda client: make_documents(client, space))

    async def make_ranges(self, space: Space, wanted: set[str]) -> None:
        """Add the properties for comparisons by order that are not there."""
        if missing := wanted - await self.ranges(space, wanted):
            await self._connection.tell(
                lambda client: add_ranges(client.collections.use(space.passages), sorted(missing))
            )
            self._properties.pop(space.passages, None)

    def forget(self) -> None:
        """Take nothing for made."""
        self._made.clear()
        self._properties.clear()
        self._marking.clear()

    async def _named(self, space: Space, name: str) -> str:
        """The tenant whose name is a digest on the server; empty where it was never written whole."""
        found = await self._connection.ask(
            lambda client: (
                client.collections.use(space.documents)
                .with_tenant(name)
                .query.fetch_object_by_id(STATE_ID, return_properties=["tenant"])
            )
        )
        return "" if found is None else str(found.properties["tenant"])


async def _create(client: Any, space: Space, name: str) -> None:
    # The documents come last: a tenant that has them has both.
    for collection in (space.passages, space.documents):
        await client.collections.use(collection).tenants.create([name])
