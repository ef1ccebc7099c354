"""A sync from beginning to end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Iterable, Sequence

from citeward.contracts.retrieval import Document, Embedder, Store, TokenPacker, Verifiable
from citeward.ingest.chunk import Chunker
from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import Batch, Brought, batches
from citeward.ingest.sync.pipeline import ahead, in_thread, until, whole
from citeward.ingest.sync.recipe import Cutter, Recipe
from citeward.ingest.sync.report import Progress, SyncReport
from citeward.ingest.sync.vectors import embedded
from citeward.ingest.sync.writing import delete, vanished, write


async def sync(
    loaded: Iterable[Document | Skipped],
    store: Store,
    embedder: Embedder | None,
    *,
    roots: Sequence[str],
    chunker: Cutter | None = None,
    packer: TokenPacker | None = None,
    tenant: str = "default",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """Write what is new or changed, leave out what is unchanged, delete what has vanished below `roots`.

    Loading and cutting (in a thread), embedding and writing go on side by side, each at most a batch ahead of the
    next. Each document is written all or nothing; a sync that is cancelled or killed keeps what it has written, and
    the next one goes on from there. A document that cannot be cut, embedded or stored is skipped with the reason; a
    file that was skipped keeps its earlier version, unless it is no longer known who may read it. Where the embedder
    or the store fails, what was embedded before is written and the error raised.

    Args:
        loaded: From `load`; read once, in order, in one thread.
        store: What is kept in step.
        embedder: None stores passages that are found by keyword only.
        roots: Ids (of folders or files) that `loaded` covers whole: stored documents at or below them that `loaded`
            does not bring are deleted. An empty sequence deletes nothing.
        chunker: How documents are cut.
        packer: Packs token vectors into each passage, where the embedder gives any.
        tenant: Whose documents they are; nothing of another tenant's is looked at.
        dry_run: Report what would be done and write nothing.
        progress: Called after each batch, and several times a second while nothing has to be written.
    """
    recipe = Recipe.of(chunker or Chunker(), embedder, packer)
    stored = await stored_hashes(store, tenant=tenant, dry_run=dry_run)
    brought = Brought()
    stop = threading.Event()
    judged = (recipe.judge(item, stored) for item in until(stop, loaded))
    cut = in_thread(batches(judged, brought), stop)
    async with ahead(cut) as cuts:
        made = cuts if dry_run else embedded(cuts, embedder, packer)
        return await finish(
            made, store, stored, brought, roots=roots, tenant=tenant, dry_run=dry_run, progress=progress
        )


async def stored_hashes(store: Store, *, tenant: str, dry_run: bool = False) -> dict[str, str]:
    """Content hashes of what the store holds, by document id; empty for a document that is not found whole.

    So a document that the store lost a part of is written anew, although it has not changed.
    """
    lost = set(await store.verify(tenant=tenant, dry_run=dry_run)) if isinstance(store, Verifiable) else set()
    return {
        document.id: "" if document.id in lost else document.content_hash
        async for document in store.documents(tenant=tenant)
    }


async def finish(
    made: AsyncGenerator[Batch],
    store: Store,
    stored: dict[str, str],
    brought: Brought,
    *,
    roots: Sequence[str],
    tenant: str,
    dry_run: bool,
    progress: Progress | None,
) -> SyncReport:
    """Write batches as they are made, then delete what has vanished; other arguments as for `sync`.

    Args:
        made: Batches with vectors; without, where nothing is written.
        store: Where they go.
        stored: Content hashes of what it held before, by id.
        brought: What is brought this time, whole when `made` ends.
        roots: Below which documents may have vanished.
        tenant: Whose documents they are.
        dry_run: Write nothing.
        progress: Called after each batch.
    """
    report = SyncReport(dry_run=dry_run)
    started = time.perf_counter()

    def tell() -> None:
        report.clock(time.perf_counter() - started)
        if progress is not None:
            progress(report)

    async def keep(batch: Batch) -> None:
        report.take(batch, [] if dry_run else await write(store, batch.cuts, tenant=tenant))
        tell()

    async with ahead(made) as ready:
        async for batch in ready:
            await whole(keep(batch))
    gone = await asyncio.to_thread(vanished, stored, brought, roots)
    if gone and not dry_run:
        await whole(delete(store, gone, tenant=tenant))
    report.deleted = gone
    if not dry_run and (report.added or report.changed or gone):
        await store.optimize()
    tell()
    return report
