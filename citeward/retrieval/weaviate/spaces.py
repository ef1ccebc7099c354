"""Whose vectors a store holds, and whose it is asked to search or write.

Each embedder has collections of its own; an alias names the current ones, and changes in one step.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from citeward.contracts.retrieval import Vector
from citeward.errors import SettingsError, StoreCorrupt
from citeward.retrieval.checks import check_vector
from citeward.retrieval.weaviate.connection import Connection
from citeward.retrieval.weaviate.names import DOCUMENTS, alias_name, check_prefix
from citeward.retrieval.weaviate.schema import Space, described, exists_already, make


class Spaces:
    """Finds the space to read, guards the one to write: vectors of two embedders never meet.

    Args:
        connection: To the server.
        prefix: Of the collections' names.
        embedder: Name of the embedder that the caller has; None for keyword only.
        dimensions: Length of its vectors.
        beside: Work in this embedder's own space, whichever is current.
        replicas: Replication factor of collections made now.

    Raises:
        SettingsError: A name without dimensions, or the other way round; a prefix that no collection can have.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        prefix: str,
        embedder: str | None,
        dimensions: int | None,
        beside: bool,
        replicas: int,
    ) -> None:
        if (embedder is None) != (dimensions is None) or (dimensions is not None and dimensions < 1):
            raise SettingsError(
                f"embedder {embedder!r} with {dimensions!r} dimensions",
                hint="give both the embedder's name and its dimensions, or neither",
            )
        self._connection = connection
        self._alias = alias_name(check_prefix(prefix))
        self._beside = beside
        self._replicas = replicas
        self.wanted = Space(prefix=prefix, embedder=embedder, dimensions=dimensions)
        self._begun: Space | None = None
        self._made = False
        self._known: dict[str, Space] = {}
        connection.when_missing = self.forget

    async def reading(self) -> Space | None:
        """The space to read; None where nothing was ever written. Once found it stays until `forget`.

        Raises:
            SettingsError: Another embedder filled the current one.
        """
        if self._begun is not None:
            return self._begun
        if self._beside:
            self._begun = self.wanted if await self._there() else None
            return self._begun
        current = await self.current()
        if current is None:
            return None
        if None not in (current.embedder, self.wanted.embedder) and current != self.wanted:
            if await self._empty(current):
                return None
            raise SettingsError(
                f"the store {self._connection.url!r} was filled with the embedder {current.embedder!r} "
                f"({current.dimensions} dimensions), not {self.wanted.embedder!r} ({self.wanted.dimensions})",
                hint="go back to that embedder, or run `citeward reindex` to fill the store anew beside the live index",
            )
        self._begun = current
        return current

    async def writing(self) -> Space:
        """The space to write, made where it is not there.

        Raises:
            SettingsError: Another one is current.
        """
        if self._beside:
            self._made = self._made and await self._there()
        else:
            current = await self.current()
            if current is None or (current != self.wanted and self._begun != current and await self._empty(current)):
                await self._claim(replacing=current)
            else:
                self._allowed(current)
        await self._make()
        self._begun = self.wanted
        return self.wanted

    async def confirm(self) -> None:
        """Nothing where what is written now will be found.

        Raises:
            SettingsError: Another space was made the current one.
        """
        if not self._beside and (current := await self.current()) is not None:
            self._allowed(current)

    async def promote(self) -> None:
        """Make the wanted space the current one."""
        await self._make()
        await self._point(await self._target())
        self._begun = self.wanted

    async def retire(self) -> list[str]:
        """Delete every space but the current one; returns the embedders' names."""
        current = await self._target()
        retired = []
        for space in await self.every():
            if space.passages != current:
                await self._delete(space)
                retired.append(space.embedder or "none")
        return sorted(retired)

    async def drop(self) -> None:
        """Delete every space and the alias."""
        if await self._target() is not None:
            await self._connection.tell(lambda client: client.alias.delete(alias_name=self._alias))
        for space in await self.every():
            await self._delete(space)
        self.forget()

    async def current(self) -> Space | None:
        """The space that the alias names; None where there is none yet."""
        name = await self._target()
        return None if name is None else await self._described(name)

    async def every(self) -> list[Space]:
        """All spaces of this prefix."""
        configs = await self._connection.ask(lambda client: client.collections.list_all(simple=True))
        found = {}
        for name, config in configs.items():
            if name.startswith(f"{self.wanted.prefix}_"):
                # Either collection tells: a deletion that was stopped leaves one of them.
                passages = name.removesuffix(DOCUMENTS)
                with suppress(StoreCorrupt):  # somebody else's
                    found[passages] = described(self.wanted.prefix, passages, config.description)
        return [found[name] for name in sorted(found)]

    def forget(self) -> None:
        """Look for the current space again at the next call."""
        self._begun, self._made = None, False
        self._known.clear()

    def vector(self, vector: Vector | None, space: Space) -> Vector | None:
        """The vector to search by; None where there is none, or the space is not of its embedder.

        Raises:
            InvalidInput: Another length than the stored ones, or a value that is not finite.
        """
        if vector is None or space.embedder is None or space != self.wanted:
            return None
        return check_vector(vector, space.embedder, space.dimensions or 0)

    async def _there(self) -> bool:
        there: bool = await self._connection.ask(lambda client: client.collections.exists(self.wanted.passages))
        return there

    async def _make(self) -> None:
        if not self._made:
            await self._connection.tell(lambda client: make(client, self.wanted, self._replicas))
            self._made = True

    async def _claim(self, *, replacing: Space | None) -> None:
        await self._make()
        await self._point(None if replacing is None else replacing.passages)
        if (current := await self.current()) is not None:  # another process may have been first
            self._allowed(current)

    async def _point(self, was: str | None) -> None:
        from weaviate.exceptions import UnexpectedStatusCodeError

        async def point(client: Any) -> None:
            if was is not None:
                await client.alias.update(alias_name=self._alias, new_target_collection=self.wanted.passages)
                return
            try:
                await client.alias.create(alias_name=self._alias, target_collection=self.wanted.passages)
            except UnexpectedStatusCodeError as error:
                # `_claim` looks at where the alias points then.
                if not exists_already(error):
                    raise

        if was != self.wanted.passages:
            await self._connection.tell(point)

    async def _target(self) -> str | None:
        found = await self._connection.ask(lambda client: client.alias.get(alias_name=self._alias))
        return None if found is None else str(found.collection)

    async def _described(self, name: str) -> Space:
        if name not in self._known:
            config = await self._connection.ask(lambda client: client.collections.use(name).config.get(simple=True))
            self._known[name] = described(self.wanted.prefix, name, config.description)
        return self._known[name]

    async def _empty(self, space: Space) -> bool:
        return not await self._connection.ask(lambda client: client.collections.use(space.documents).tenants.get())

    async def _delete(self, space: Space) -> None:
        async def delete(client: Any) -> None:
            for name in (space.passages, space.documents):  # where the passages are, the other is
                await client.collections.delete(name)

        await self._connection.tell(delete)

    def _allowed(self, current: Space) -> None:
        if current != self.wanted:
            raise SettingsError(
                f"the store {self._connection.url!r} is filled with the embedder {current.embedder!r}, "
                f"and is now written with {self.wanted.embedder!r}",
                hint="bring that embedder back, or run `citeward reindex` to fill the store anew beside the live index",
            )
