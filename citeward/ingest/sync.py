"""Keeps a store in step with the documents that it was filled from."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar

import numpy as np
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from citeward.contracts.retrieval import Chunk, Document, Embedder, Store, Vectors
from citeward.errors import CitewardError
from citeward.ingest.chunk import Chunker
from citeward.ingest.load import Skipped

T = TypeVar("T")
ATTEMPTS = 5
"""Tries of one write."""
BATCH_DOCUMENTS = 64
BATCH_CHUNKS = 512
"""What is in memory at a time: the smaller of the two."""


@dataclass(kw_only=True)
class SyncReport:
    """What a sync did, or would do."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    deleted: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    passages: int = 0
    """Passages written."""
    seconds: float = 0.0
    dry_run: bool = False

    @property
    def seen(self) -> int:
        """Documents and skipped files looked at so far."""
        return len(self.added) + len(self.changed) + self.unchanged + len(self.skipped)


Progress: TypeAlias = Callable[[SyncReport], None]


async def sync(
    loaded: Iterable[Document | Skipped],
    store: Store,
    embedder: Embedder | None,
    *,
    roots: Sequence[str],
    chunker: Chunker | None = None,
    tenant: str = "default",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """Write what is new or changed, leave out what is unchanged, delete what has vanished below `roots`.

    Each document is written all or nothing, in batches; a sync that is cancelled or killed keeps the batches that it
    has finished, and the next one goes on from there. A file that was skipped keeps its earlier version.

    Args:
        loaded: From `load`; read once, in order.
        store: What is kept in step.
        embedder: None stores passages that are found by keyword only.
        roots: Ids (of folders or files) that `loaded` covers whole: stored documents at or below them that `loaded`
            does not bring are deleted. An empty sequence deletes nothing.
        chunker: How documents are cut.
        tenant: Whose documents they are.
        dry_run: Report what would be done and write nothing.
        progress: Called after each document and each batch.
    """
    chunker = chunker or Chunker()
    started = time.perf_counter()
    stored = {document.id: document.content_hash async for document in store.documents(tenant=tenant)}
    report = SyncReport(dry_run=dry_run)
    kept: set[str] = set()
    hashes: dict[str, str] = {}

    def tell() -> None:
        report.seconds = time.perf_counter() - started
        if progress is not None:
            progress(report)

    def wanted() -> Iterator[Document]:
        for item in loaded:
            kept.add(item.id)
            if isinstance(item, Skipped):
                report.skipped.append(item)
                tell()
                continue
            document = replace(item, content_hash=_hash(item, chunker, embedder))
            if document.id in hashes:
                if hashes[document.id] != document.content_hash:
                    report.skipped.append(Skipped(id=item.id, source=item.source, reason="its id was given before"))
                    tell()
                continue  # paths that overlap bring a file twice
            hashes[document.id] = document.content_hash
            if stored.get(document.id) == document.content_hash:
                report.unchanged += 1
                tell()
                continue
            (report.changed if document.id in stored else report.added).append(document.id)
            yield document

    for batch in _batches(wanted(), chunker):
        if not dry_run:
            vectors = await _embedded(batch, embedder)
            documents, chunks = [d for d, _ in batch], [c for _, c in batch]
            await _patiently(store.upsert, documents, chunks, vectors, tenant=tenant)
        report.passages += sum(len(chunks) for _, chunks in batch)
        tell()
    vanished = sorted(known for known in stored if known not in kept and _below(known, roots, report.skipped))
    if vanished and not dry_run:
        await _patiently(store.delete, vanished, tenant=tenant)
    report.deleted = vanished
    if not dry_run and (report.added or report.changed or vanished):
        await store.optimize()
    tell()
    return report


async def _patiently(write: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Do a write; again, a little later, where the store says that this may help (another writer, a busy server)."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, CitewardError) and error.retryable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        reraise=True,
    )
    return await retrying(write, *args, **kwargs)


def _hash(document: Document, chunker: Chunker, embedder: Embedder | None) -> str:
    """sha256 of everything that the stored passages are made from."""
    parts = [document.text, document.title, document.source, sorted(document.meta.items()), sorted(document.groups)]
    made = json.dumps([*parts, chunker.version, embedder.name if embedder else None], default=list)
    return hashlib.sha256(made.encode("utf-8", "surrogatepass")).hexdigest()


def _batches(documents: Iterable[Document], chunker: Chunker) -> Iterator[list[tuple[Document, list[Chunk]]]]:
    batch: list[tuple[Document, list[Chunk]]] = []
    chunks = 0
    for document in documents:
        cut = chunker(document)
        if batch and (len(batch) == BATCH_DOCUMENTS or chunks + len(cut) > BATCH_CHUNKS):
            yield batch
            batch, chunks = [], 0
        batch.append((document, cut))
        chunks += len(cut)
    if batch:
        yield batch


async def _embedded(batch: Sequence[tuple[Document, list[Chunk]]], embedder: Embedder | None) -> list[Vectors]:
    """One array a document; zero columns where there is no embedder."""
    if embedder is None:
        return [np.zeros((len(chunks), 0), np.float32) for _, chunks in batch]
    vectors = await embedder.embed([embedded_text(document, chunk) for document, chunks in batch for chunk in chunks])
    ends = np.cumsum([len(chunks) for _, chunks in batch])
    return list(np.split(vectors, ends[:-1]))


def embedded_text(document: Document, chunk: Chunk) -> str:
    """What a passage's vector is made from: its headings (or the title) before its text, so that it knows its place."""
    place = str(chunk.meta.get("headings", "")) or document.title
    return f"{place}\n{chunk.text}" if place else chunk.text


def _below(known: str, roots: Sequence[str], skipped: Sequence[Skipped]) -> bool:
    """Whether the document lies at or below a root, and not in a folder that could not be read this time."""
    if any(known.startswith(item.id + "/") for item in skipped):
        return False
    return any(known == root or _holds(root, known) for root in roots)


def _holds(root: str, known: str) -> bool:
    if root in ("", "."):  # the base itself; what lies elsewhere has its whole path as id
        return not PurePath(known).is_absolute()
    return known.startswith(root.rstrip("/") + "/")
