"""The embedded store: a folder of LanceDB tables, one a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from citeward.contracts.retrieval import (
    Chunk,
    Document,
    Filter,
    Fusion,
    Hit,
    StoredDocument,
    Vector,
    Vectors,
)
from citeward.errors import NotFound, StoreCorrupt, StoreReadOnly
from citeward.retrieval.analysis import terms
from citeward.retrieval.checks import check_search, utf8
from citeward.retrieval.lancedb.binding import Binding
from citeward.retrieval.lancedb.columns import ordered_keys
from citeward.retrieval.lancedb.faults import faults
from citeward.retrieval.lancedb.legs import Asked, search_legs
from citeward.retrieval.lancedb.lookup import count_passages, read_document, read_listing, read_tokens
from citeward.retrieval.lancedb.retirement import retire_spaces
from citeward.retrieval.lancedb.rows import batch
from citeward.retrieval.lancedb.snapshot import Snapshot
from citeward.retrieval.lancedb.space import Space
from citeward.retrieval.lancedb.tables import Tables
from citeward.retrieval.lancedb.upkeep import Upkeep
from citeward.retrieval.lancedb.where import where
from citeward.retrieval.lancedb.writing import commit, remove


class LanceStore:
    """Documents in a folder, searched by keyword and by vector; no server.

    Nothing is opened before the first call, and nothing written before the first `upsert`. Several processes may read
    while one writes: each search sees the last commit, and each `upsert` is one commit. Up to 30,000 passages a tenant
    the vector leg is exact; above, `optimize` builds an index. A `Reindexable`: each embedder has a folder of its own
    in the store's, and one of them is current.

    Args:
        path: The folder; made by the first `upsert`.
        embedder: Name of the embedder whose vectors are stored; None for keyword search only, of whatever is current.
        dimensions: Length of its vectors.
        beside: Fill and search the embedder's own space, whichever is current, until `promote` makes it current.
            Where it is the current one, that is the space that is filled.
        read_only: Refuse to write, with StoreReadOnly.

    >>> store = LanceStore(".citeward/store", embedder="all-MiniLM-L6-v2", dimensions=384)
    """

    def __init__(
        self,
        path: Path | str,
        *,
        embedder: str | None = None,
        dimensions: int | None = None,
        beside: bool = False,
        read_only: bool = False,
    ) -> None:
        self.path = Path(path)
        self._binding = Binding(self.path, wanted=Space(embedder=embedder, dimensions=dimensions), beside=beside)
        self._read_only = read_only
        self._tables: dict[str, Tables] = {}
        self._writing = asyncio.Lock()
        self._upkeep = Upkeep(self.path)

    async def open(self) -> LanceStore:
        """Check the folder now rather than at the first call.

        Raises:
            SettingsError: Another embedder filled it.
            StoreCorrupt: Its manifest is missing or garbled.
            StoreError: Its format is another.
        """
        self._binding.bound()
        return self

    async def search(
        self,
        query: str,
        vector: Vector | None = None,
        /,
        *,
        alpha: float = 0.5,
        limit: int = 10,
        filters: Filter | None = None,
        tenant: str = "default",
        groups: Sequence[str] | None = None,
        fusion: Fusion = Fusion.RELATIVE,
    ) -> list[Hit]:
        """The best passages, best first; see `citeward.contracts.retrieval.Retriever`.

        Raises:
            InvalidInput: A limit outside 1..1000, an alpha outside 0..1, a vector of another length, a bad filter.
            NotFound: No such tenant.
            SettingsError, StoreCorrupt: As `open`.
        """
        check_search(alpha, limit, filters)
        rows = await self._found(tenant)
        values = self._binding.vector(vector) if alpha > 0 else None
        degraded = alpha > 0 and values is None
        words = terms(utf8(query)) if alpha < 1 or degraded else []
        with self._reading():
            condition = where(filters, groups, await rows.ordered(ordered_keys(filters)))
            asked = Asked(alpha=alpha, fusion=fusion, limit=limit, degraded=degraded)
            return await search_legs(rows.table, words, values, condition, asked)

    async def upsert(
        self,
        documents: Sequence[Document],
        chunks: Sequence[Sequence[Chunk]],
        vectors: Sequence[Vectors],
        /,
        *,
        tenant: str = "default",
    ) -> None:
        """Write documents with their passages in one commit, replacing any earlier version of each.

        Every few thousand rows the indexes are brought up to date, so that searching stays fast during a long fill.

        A store without an embedder takes vectors of no length: `np.zeros((len(chunks[i]), 0))`.

        Raises:
            InvalidInput: What is given does not fit together; nothing was written.
            SettingsError: The store was filled with another embedder, or with none, or this one has none, or another
                space became current.
            StoreReadOnly: The folder cannot be written.
            StoreUnavailable: Another process wrote the same documents at once.
        """
        dimensions = self._binding.wanted.dimensions
        rows = batch(dimensions, documents, chunks, vectors)
        if not documents:
            return
        self._check_writable()
        async with self._writing:
            space = self._binding.claim()
            table = await self._of(space).make(tenant, dimensions)
            with faults(self.path):
                ids = [one.id for one in documents]
                await commit(table, rows, ids, tenant=tenant, dimensions=dimensions)
            self._binding.confirm()
            await self._upkeep.written(tenant, table, len(rows.rows))

    async def delete(self, document_ids: Sequence[str], /, *, tenant: str = "default") -> int:
        """Remove documents with all their passages; returns how many were there.

        Raises:
            SettingsError: Another space became current.
            StoreReadOnly: The folder cannot be written.
        """
        self._check_writable()
        space = self._binding.bound()
        self._binding.confirm()
        table = await self._of(space).find(tenant) if space is not None else None
        if table is None or not document_ids:
            return 0
        async with self._writing:
            with faults(self.path):
                removed = await remove(table, document_ids)
            self._binding.confirm()
            if removed:
                await self._upkeep.written(tenant, table, 0)
        return removed

    async def document(self, document_id: str, /, *, tenant: str = "default") -> Document:
        """The stored document with its whole text.

        Raises:
            NotFound: No such tenant or document.
        """
        rows = await self._found(tenant)
        with self._reading():
            found = await read_document(rows.table, document_id)
        if found is None:
            raise NotFound(f"no document {document_id!r} in tenant {tenant!r}", hint="index it first")
        return found

    async def documents(self, *, tenant: str = "default") -> AsyncIterator[StoredDocument]:
        """Every stored document, without its text, as of one commit; nothing for a tenant that is not there."""
        rows = await self._snapshot(tenant)
        if rows is not None:
            with self._reading():
                async for one in read_listing(rows.table):
                    yield one

    async def count(self, *, tenant: str = "default") -> int:
        """How many passages the tenant has; 0 for one that is not there."""
        rows = await self._snapshot(tenant)
        if rows is None:
            return 0
        with self._reading():
            return await count_passages(rows.table)

    async def generation(self, *, tenant: str = "default") -> str:
        """The tenant's last commit; a table that was deleted and made anew begins another line of commits."""
        rows = await self._snapshot(tenant)
        return "" if rows is None else rows.version

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> dict[str, bytes]:
        """`Chunk.tokens` by passage id; passages that are not there, or were stored without, are left out."""
        rows = await self._snapshot(tenant)
        if rows is None or not passage_ids:
            return {}
        with self._reading():
            return await read_tokens(rows.table, passage_ids)

    async def tenants(self) -> list[str]:
        """Every tenant that has documents, sorted."""
        space = self._binding.bound()
        if space is None:
            return []
        with self._reading():
            every = await self._of(space).every()
            return sorted([tenant for tenant, table in every.items() if await table.count_rows()])

    async def optimize(self) -> None:
        """Bring indexes up to date and compact, after a bulk of writes; a reader meanwhile sees no difference.

        Raises:
            SettingsError: Another space became current.
            StoreReadOnly: The folder cannot be written.
        """
        self._check_writable()
        space = self._binding.bound()
        self._binding.confirm()
        if space is not None:
            async with self._writing:
                for tenant, table in (await self._of(space).every()).items():
                    await self._upkeep.all(tenant, table)

    async def promote(self) -> None:
        """Make this instance's space the current one, by replacing one small file.

        Raises:
            SettingsError: This instance is an ordinary one, of another embedder than the current one.
            StoreError: The space was retired.
            StoreReadOnly: The folder cannot be written.
        """
        self._check_writable()
        async with self._writing:
            self._binding.promote()

    async def retire(self) -> list[str]:
        """Delete every space but the current one; returns the embedders' names (`keyword` where there was none).

        What a process that was killed left behind is deleted as well; so nobody may be filling a space beside.
        """
        self._check_writable()
        with faults(self.path):
            return await asyncio.to_thread(retire_spaces, self.path)

    async def close(self) -> None:
        """Give back handles; the store is not used afterwards."""
        for tables in self._tables.values():
            tables.close()

    async def __aenter__(self) -> LanceStore:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _of(self, space: Space) -> Tables:
        if space.folder not in self._tables:
            self._tables[space.folder] = Tables(self.path, self.path / space.folder, read_only=self._read_only)
        return self._tables[space.folder]

    async def _snapshot(self, tenant: str) -> Snapshot | None:
        space = self._binding.bound()
        if space is None:
            return None
        with self._reading():
            return await self._of(space).snapshot(tenant)

    async def _found(self, tenant: str) -> Snapshot:
        rows = await self._snapshot(tenant)
        if rows is None:
            raise NotFound(
                f"no documents of tenant {tenant!r} in the store {str(self.path)!r}",
                hint="index some first: `citeward index PATH`",
            )
        return rows

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Around every read: a space that is retired amid it is no damage."""
        try:
            with faults(self.path):
                yield
        except StoreCorrupt:
            self._binding.bound()
            raise

    def _check_writable(self) -> None:
        if self._read_only:
            raise StoreReadOnly(
                f"the store {str(self.path)!r} is open for reading only", hint="open it without read_only=True"
            )
