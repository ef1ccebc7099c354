"""Fills a store anew by another embedder, beside the live index, and swaps the two."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from citeward.contracts.retrieval import Document, Embedder, Reindexable, Store, StoredDocument, TokenPacker
from citeward.errors import NotFound
from citeward.ingest.chunk import Chunker
from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import BATCH_CHUNKS, Batch, Brought, batches
from citeward.ingest.sync.pipeline import ahead, whole
from citeward.ingest.sync.recipe import Cutter, Recipe
from citeward.ingest.sync.run import stored_hashes
from citeward.ingest.sync.vectors import embedded
from citeward.ingest.sync.writing import delete, patiently, write

READ_AT_ONCE = 16
"""Documents read from the live index at the same time."""
ROUNDS = 10
"""Rounds of catching up before the swap; what is written even then is taken over after it."""


@dataclass(kw_only=True)
class ReindexReport:
    """What a reindex did, or would do."""

    documents: int = 0
    """Documents of the live index, in all tenants."""
    tenants: int = 0
    written: int = 0
    """Documents cut and embedded."""
    unchanged: int = 0
    """Documents that an earlier run, which was stopped, had written."""
    deleted: int = 0
    """Documents taken out again, because the live index has them no more."""
    skipped: list[Skipped] = field(default_factory=list)
    """Documents that cannot be cut or embedded now, or that the store refuses; the new index lacks them."""
    passages: int = 0
    """Passages written."""
    rounds: int = 0
    """Rounds until nothing new was found in the live index."""
    seconds: float = 0.0
    rate: float = 0.0
    """Passages written a second."""
    promoted: bool = False
    dry_run: bool = False

    @property
    def seen(self) -> int:
        """Documents that are done with, those included that were written again since the first round."""
        return self.written + self.unchanged + len(self.skipped)


ReindexProgress: TypeAlias = Callable[[ReindexReport], None]


@dataclass(kw_only=True)
class _Tenant:
    """What is known of one tenant's documents."""

    live: int = 0
    """How many the live index has."""
    taken: dict[str, str] = field(default_factory=dict)
    """Id -> content hash in the live index, of documents that were taken over as they were then."""
    filled: dict[str, str] = field(default_factory=dict)
    """Id -> content hash in the index beside."""


@dataclass(frozen=True, kw_only=True)
class _Changes:
    """How a tenant's live index differs from what was taken over."""

    wanted: Sequence[StoredDocument]
    gone: Sequence[str]


async def reindex(
    live: Store,
    beside: Reindexable,
    embedder: Embedder | None,
    *,
    chunker: Cutter | None = None,
    packer: TokenPacker | None = None,
    dry_run: bool = False,
    progress: ReindexProgress | None = None,
) -> ReindexReport:
    """Cut, embed and write every tenant's stored documents into the index beside; then make that the current one.

    The documents come from the live index, so their files are not needed; it is searched and written meanwhile.
    Content hashes come out as a following sync computes them, so that it has nothing to do. Documents that are
    written to the live index or deleted from it in the meantime are taken over in further rounds, and once more after
    the swap, from which on the old index refuses writes. A run that is killed goes on from where it was.

    Args:
        live: The current index, whichever embedder filled it; opened without an embedder it is only read.
        beside: The same store, opened beside with the new embedder.
        embedder: The new one; None fills an index that is searched by keyword only.
        chunker: How documents are cut.
        packer: Packs token vectors into each passage, where the embedder gives any.
        dry_run: Report what would be done; nothing is embedded or written.
        progress: Called after each batch.
    """
    run = _Run(
        live=live,
        beside=beside,
        embedder=embedder,
        packer=packer,
        recipe=Recipe.of(chunker or Chunker(), embedder, packer),
        progress=progress,
        report=ReindexReport(dry_run=dry_run),
    )
    rounds = 1 if dry_run else ROUNDS
    while run.report.rounds < rounds and await run.take_over():
        pass
    if not dry_run:
        await whole(_swap(beside))
        run.report.promoted = True
        await run.take_over(after_swap=True)
    run.tell()
    return run.report


async def _swap(beside: Reindexable) -> None:
    await beside.optimize()
    await patiently(beside.promote)


@dataclass(kw_only=True)
class _Run:
    """One reindex, as far as it is."""

    live: Store
    beside: Reindexable
    embedder: Embedder | None
    packer: TokenPacker | None
    recipe: Recipe
    progress: ReindexProgress | None
    report: ReindexReport
    tenants: dict[str, _Tenant] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def tell(self) -> None:
        """Say how far it is."""
        self.report.seconds = time.perf_counter() - self.started
        self.report.rate = round(self.report.passages / self.report.seconds, 1)
        if self.progress is not None:
            self.progress(self.report)

    async def take_over(self, *, after_swap: bool = False) -> bool:
        """One round: all in which the live index differs from what was taken over; whether there was anything."""
        self.report.rounds += 1
        names = sorted({*await self.live.tenants(), *await self.beside.tenants(), *self.tenants})
        found = {name: await self._changes(name, after_swap=after_swap) for name in names}
        self.report.documents = sum(tenant.live for tenant in self.tenants.values())
        self.report.tenants = sum(tenant.live > 0 for tenant in self.tenants.values())
        self.tell()
        for name, changes in found.items():
            await self._take(name, changes)
        return any(changes.wanted or changes.gone for changes in found.values())

    async def _changes(self, name: str, *, after_swap: bool) -> _Changes:
        now = {one.id: one async for one in self.live.documents(tenant=name)}
        if name not in self.tenants:
            filled = await stored_hashes(self.beside, tenant=name, dry_run=self.report.dry_run)
            self.tenants[name] = _Tenant(live=len(now), filled=filled)
            return _Changes(wanted=list(now.values()), gone=[one for one in filled if one not in now])
        tenant = self.tenants[name]
        tenant.live = len(now)
        wanted = [one for one in now.values() if tenant.taken.get(one.id) != one.content_hash]
        gone = [one for one in tenant.taken if one not in now]
        if after_swap and (wanted or gone):
            # Others write to the new index by now; what they wrote is newer than what the old one holds.
            there = await stored_hashes(self.beside, tenant=name)
            wanted = [one for one in wanted if there.get(one.id) == tenant.filled.get(one.id)]
            gone = [one for one in gone if there.get(one) == tenant.filled.get(one)]
        return _Changes(wanted=wanted, gone=gone)

    async def _take(self, name: str, changes: _Changes) -> None:
        tenant = self.tenants[name]
        if changes.gone:
            if not self.report.dry_run:
                await whole(delete(self.beside, changes.gone, tenant=name))
            for document_id in changes.gone:
                tenant.taken.pop(document_id, None)
                tenant.filled.pop(document_id, None)
            self.report.deleted += len(changes.gone)
        async with ahead(self._cut(name, changes.wanted)) as cuts:
            made = cuts if self.report.dry_run else embedded(cuts, self.embedder, self.packer)
            async with ahead(made) as ready:
                async for batch in ready:
                    await whole(self._keep(name, batch))
        tenant.taken.update((one.id, one.content_hash) for one in changes.wanted)

    async def _cut(self, name: str, wanted: Sequence[StoredDocument]) -> AsyncGenerator[Batch]:
        filled = self.tenants[name].filled
        for group in _groups(wanted):
            found = await asyncio.gather(*(_document(self.live, one.id, name) for one in group))
            documents = [one for one in found if one is not None]
            for batch in await asyncio.to_thread(_cut, documents, self.recipe, filled):
                yield batch

    async def _keep(self, name: str, batch: Batch) -> None:
        refused = [] if self.report.dry_run else await write(self.beside, batch.cuts, tenant=name)
        unwritten = {item.id for item in refused}
        written = [cut for cut in batch.cuts if cut.document.id not in unwritten]
        self.tenants[name].filled.update((cut.document.id, cut.document.content_hash) for cut in written)
        self.report.written += len(written)
        self.report.passages += sum(len(cut.chunks) for cut in written)
        self.report.unchanged += batch.unchanged
        self.report.skipped += [*batch.skipped, *refused]
        self.tell()


async def _document(live: Store, document_id: str, tenant: str) -> Document | None:
    """The document; None where it was deleted since it was listed, which the next round finds."""
    try:
        return await live.document(document_id, tenant=tenant)
    except NotFound:
        return None


def _cut(documents: Sequence[Document], recipe: Recipe, filled: Mapping[str, str]) -> list[Batch]:
    return list(batches((recipe.judge(document, filled) for document in documents), Brought()))


def _groups(wanted: Sequence[StoredDocument]) -> Iterator[list[StoredDocument]]:
    """Documents that are read at once: about a batch."""
    group: list[StoredDocument] = []
    passages = 0
    for one in wanted:
        if group and (len(group) == READ_AT_ONCE or passages + one.passages > BATCH_CHUNKS):
            yield group
            group, passages = [], 0
        group.append(one)
        passages += one.passages
    if group:
        yield group
