"""The embedded store: a folder of LanceDB tables, one a tenant."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

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
from citeward.errors import NotFound, StoreReadOnly
from citeward.retrieval.analysis import terms
from citeward.retrieval.checks import check_search, utf8
from citeward.retrieval.lancedb.faults import faults
from citeward.retrieval.lancedb.legs import keyword_leg, vector_leg
from citeward.retrieval.lancedb.rows import DOCUMENT, LISTED, document, listed, table
from citeward.retrieval.lancedb.space import Space
from citeward.retrieval.lancedb.tables import Tables
from citeward.retrieval.lancedb.where import among, quoted, where
from citeward.retrieval.legs import hits, no_leg

_IDS_AT_ONCE = 500
_FOLD_AFTER = 4_000
"""Rows written since the last fold; the keyword leg reads those one by one, some 10 ms a thousand."""


class LanceStore:
    """Documents in a folder, searched by keyword and by vector; no server.

    Nothing is opened before the first call, and nothing written before the first `upsert`. Several processes may read
    while one writes: each search sees the last commit, and each `upsert` is one commit. Up to 30,000 passages a tenant
    the vector leg is exact.

    Args:
        path: The folder; made by the first `upsert`.
        embedder: Name of the embedder whose vectors are stored; None for keyword search only.
        dimensions: Length of its vectors.
        read_only: Refuse to write, with StoreReadOnly.

    >>> store = LanceStore(".citeward/store", embedder="all-MiniLM-L6-v2", dimensions=384)
    """

    def __init__(
        self, path: Path | str, *, embedder: str | None = None, dimensions: int | None = None, read_only: bool = False
    ) -> None:
        self.path = Path(path)
        self._space = Space(self.path, embedder=embedder, dimensions=dimensions)
        self._read_only = read_only
        self._tables = Tables(self.path, read_only=read_only)
        self._writing = asyncio.Lock()
        self._unfolded: Counter[str] = Counter()

    async def open(self) -> LanceStore:
        """Check the folder now rather than at the first call.

        Raises:
            SettingsError: Another embedder filled it.
            StoreCorrupt: Its manifest is missing or garbled.
        """
        self._space.stored()
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
        condition = where(filters, groups)
        values = self._space.vector(vector) if alpha > 0 else None
        degraded = alpha > 0 and values is None
        words = terms(utf8(query)) if alpha < 1 or degraded else []
        with faults(self.path):
            # Both legs wait on native threads, so they run side by side.
            by_word, by_vector = await asyncio.gather(
                keyword_leg(rows, words, condition, limit) if words else no_leg(),
                vector_leg(rows, values, condition, limit) if values is not None else no_leg(),
            )
        return hits(by_word, by_vector, alpha=alpha, fusion=fusion, limit=limit, degraded=degraded)

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
            SettingsError: The store was filled with another embedder, or with none, or this one has none.
            StoreReadOnly: The folder cannot be written.
            StoreUnavailable: Another process wrote the same documents at once.
        """
        dimensions = self._space.wanted.dimensions
        batch = table(tenant, dimensions, documents, chunks, vectors)
        if not documents:
            return
        self._check_writable()
        async with self._writing:
            self._space.claim()
            rows = await self._tables.make(tenant, dimensions)
            with faults(self.path):
                await (
                    rows.merge_insert("id")
                    .when_matched_update_all()
                    .when_not_matched_insert_all()
                    .when_not_matched_by_source_delete(among("document_id", (one.id for one in documents)))
                    .execute(batch, on_bad_vectors="null")  # a document without passages has none
                )
            self._unfolded[tenant] += batch.num_rows
            if self._unfolded[tenant] >= _FOLD_AFTER:
                await self._tables.fold(rows)
                del self._unfolded[tenant]

    async def delete(self, document_ids: Sequence[str], /, *, tenant: str = "default") -> int:
        """Remove documents with all their passages; returns how many were there.

        Raises:
            StoreReadOnly: The folder cannot be written.
        """
        self._check_writable()
        self._space.stored()
        rows = await self._tables.find(tenant)
        ids = list(dict.fromkeys(document_ids))
        removed = 0
        if rows is None:
            return removed
        async with self._writing:
            for start in range(0, len(ids), _IDS_AT_ONCE):
                condition = among("document_id", ids[start : start + _IDS_AT_ONCE])
                with faults(self.path):
                    there = await rows.count_rows(f"ordinal = 0 AND {condition}")
                    if there:
                        await rows.delete(condition)
                removed += there
        return removed

    async def document(self, document_id: str, /, *, tenant: str = "default") -> Document:
        """The stored document with its whole text.

        Raises:
            NotFound: No such tenant or document.
        """
        rows = await self._found(tenant)
        with faults(self.path):
            query = rows.query().where(f"document_id = {quoted(utf8(document_id))} AND ordinal = 0")
            found = await query.select(list(DOCUMENT)).limit(1).to_list()
        if not found:
            raise NotFound(f"no document {document_id!r} in tenant {tenant!r}", hint="index it first")
        return document(found[0])

    async def documents(self, *, tenant: str = "default") -> AsyncIterator[StoredDocument]:
        """Every stored document, without its text; nothing for a tenant that is not there."""
        self._space.stored()
        rows = await self._tables.find(tenant)
        if rows is None:
            return
        with faults(self.path):
            batches = await rows.query().where("ordinal = 0").select(list(LISTED)).to_batches()
        while True:
            with faults(self.path):
                batch = await anext(batches, None)
            if batch is None:
                return
            for row in batch.to_pylist():
                yield listed(row)

    async def count(self, *, tenant: str = "default") -> int:
        """How many passages the tenant has; 0 for one that is not there."""
        self._space.stored()
        rows = await self._tables.find(tenant)
        if rows is None:
            return 0
        with faults(self.path):
            return int(await rows.count_rows("start IS NOT NULL"))

    async def generation(self, *, tenant: str = "default") -> str:
        """The tenant's last commit; a table that was deleted and made anew begins another line of commits."""
        self._space.stored()
        rows = await self._tables.find(tenant)
        if rows is None:
            return ""
        with faults(self.path):
            return f"{self._tables.identity(tenant)}.{await rows.version()}"

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> dict[str, bytes]:
        """`Chunk.tokens` by passage id; passages that are not there, or were stored without, are left out."""
        self._space.stored()
        rows = await self._tables.find(tenant)
        if rows is None or not passage_ids:
            return {}
        with faults(self.path):
            query = rows.query().where(f"tokens IS NOT NULL AND {among('id', map(utf8, passage_ids))}")
            found = await query.select(["id", "tokens"]).to_list()
        return {row["id"]: row["tokens"] for row in found}

    async def tenants(self) -> list[str]:
        """Every tenant that has a table, sorted."""
        self._space.stored()
        return sorted(await self._tables.every())

    async def optimize(self) -> None:
        """Bring indexes up to date and compact, after a bulk of writes; a reader meanwhile sees no difference."""
        self._check_writable()
        self._space.stored()
        async with self._writing:
            for rows in (await self._tables.every()).values():
                await self._tables.optimize(rows)
            self._unfolded.clear()

    async def close(self) -> None:
        """Give back handles; the store is not used afterwards."""
        self._tables.close()

    async def __aenter__(self) -> LanceStore:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _found(self, tenant: str) -> Any:
        self._space.stored()
        rows = await self._tables.find(tenant)
        if rows is None:
            raise NotFound(
                f"no documents of tenant {tenant!r} in the store {str(self.path)!r}",
                hint="index some first: `citeward index PATH`",
            )
        return rows

    def _check_writable(self) -> None:
        if self._read_only:
            raise StoreReadOnly(
                f"the store {str(self.path)!r} is open for reading only", hint="open it without read_only=True"
            )
