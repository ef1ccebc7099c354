"""How a document changes as a whole on a server without transactions.

1. A note names the documents and the versions to come, before anything else is written.
2. Bodies and passages are staged under the new versions, where no search takes them.
3. They are looked for, as a search would. What was interrupted is staged anew under other versions; see `verification`.
4. The heads are written: each is one object, and with it its document has changed.
5. The tenant's generation changes; what no head names is swept away; the note is removed.

So while there is no note, every passage counts; and while there is one, a reader asks the heads which do. Whoever is
stopped leaves a note behind. It has a lease; long after that has run out, the next writer sweeps for it. A document is
wholly old or wholly new whenever it is looked at, and what was acknowledged stays, and is found.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias
from uuid import uuid4

from citeward.contracts.retrieval import Chunk, Document, Vectors
from citeward.errors import CitewardError, StoreUnavailable
from citeward.retrieval.weaviate.connection import WRITE_FACTOR
from citeward.retrieval.weaviate.rows import Note, Row, body_row, head_id, head_row, passage_rows
from citeward.retrieval.weaviate.sending import delete, put, put_findable, put_passages
from citeward.retrieval.weaviate.sweeping import announce, discard, finish, recover
from citeward.retrieval.weaviate.tenant import AT_ONCE, Tenant, batches
from citeward.retrieval.weaviate.verification import Verdict, verify

_STAGINGS = 4
LEASE = 120.0
"""Seconds that one write may take before its heads, at least; twice that, and others clear away what it staged."""
Confirm: TypeAlias = Callable[[], Awaitable[None]]
"""Raises where the space may not be written any more."""


async def replace(
    tenant: Tenant,
    documents: Sequence[Document],
    chunks: Sequence[Sequence[Chunk]],
    vectors: Sequence[Vectors],
    *,
    confirm: Confirm,
) -> None:
    """Write documents with their passages, replacing any earlier version of each.

    Args:
        tenant: There already.
        documents: Checked, each once.
        chunks: One sequence a document.
        vectors: float32[len(chunks[i]), d] for each document.
        confirm: Asked before and after the heads.

    Raises:
        StoreError: The server refuses an object; nothing was changed.
        StoreUnavailable: It does not answer; some of the documents may have changed, each as a whole.
    """
    lease = _lease(tenant)
    note, versions, verified = await _stage(tenant, documents, chunks, vectors, lease, confirm)
    heads = [
        head_row(one, len(pieces), version, verified=verified)
        for one, pieces, version in zip(documents, chunks, versions, strict=True)
    ]
    await put_findable(tenant, heads)
    await confirm()
    left = {one.id: version for one, version in zip(documents, versions, strict=True)}
    await finish(tenant, note, left=left)
    await recover(tenant)


async def _stage(
    tenant: Tenant,
    documents: Sequence[Document],
    chunks: Sequence[Sequence[Chunk]],
    vectors: Sequence[Vectors],
    lease: float,
    confirm: Confirm,
) -> tuple[Note, list[str], bool]:
    """Write bodies and passages until all of them can be found; other arguments as for `replace`.

    Returns:
        The note of the write, the versions that were written, and whether they were found: where the server indexes
        vectors later, that is not known yet.
    """
    interrupted = False
    for _ in range(_STAGINGS):
        begun = time.monotonic()
        versions = [uuid4().hex for _ in documents]
        sizes = {version: len(pieces) for version, pieces in zip(versions, chunks, strict=True)}
        rows = list(_passages(tenant, documents, chunks, vectors, versions))
        note = await announce(tenant, [one.id for one in documents], sizes, lease)
        before = await tenant.connection.moment()
        try:
            await put(tenant, tenant.documents, map(body_row, documents, versions, sizes.values()))
            await put_passages(tenant, rows)
            await confirm()
        except StoreUnavailable:
            raise  # a request may still arrive there, so what it brings is left for the sweep that the note asks for
        except CitewardError:
            with suppress(CitewardError):
                await finish(tenant, note)
            raise
        after = await tenant.connection.moment()
        cut_off = before.interrupted_before(after)
        verdict = Verdict.MISSING
        if not cut_off:
            every = interrupted or before.doubtful_before(after)
            verdict = await verify(tenant, rows, sizes, every=every)
        if time.monotonic() - begun > lease:
            raise StoreUnavailable(
                f"writing {len(documents)} documents took longer than {lease:g} s", hint="write fewer documents a call"
            )
        if verdict is not Verdict.MISSING:
            return note, versions, verdict is Verdict.FOUND
        interrupted = True
        if not cut_off or before.restarted_before(after):
            # Every request was answered, or went to a process that is no more. Others may still arrive: for what they
            # bring, the note stays.
            await discard(tenant, note)
    raise StoreUnavailable(
        f"the passages of {documents[0].id!r} and {len(documents) - 1} more documents were written {_STAGINGS} times, "
        "and a search does not find all of them",
        hint="see the server's log for restarts; then try again",
    )


async def remove(tenant: Tenant, document_ids: Sequence[str], *, confirm: Confirm) -> int:
    """Remove documents with their passages; returns how many were there.

    Raises:
        StoreUnavailable: No answer; some of the documents may be gone, each as a whole.
    """
    removed = 0
    for part in batches(document_ids, AT_ONCE):
        there = list(await tenant.heads(part))
        if not there:
            continue
        note = await announce(tenant, there, {}, _lease(tenant))
        await confirm()
        await delete(tenant, tenant.documents, list(map(head_id, there)))
        await confirm()
        await finish(tenant, note, left={})
        await recover(tenant)
        removed += len(there)
    return removed


async def tidy(tenant: Tenant) -> None:
    """Clear up after writes that were stopped, where there are any."""
    if (await tenant.pulse()).writing:
        # A note of ours tells how old the others are, by the server's clock.
        await finish(tenant, await announce(tenant, (), {}, _lease(tenant)))


def _lease(tenant: Tenant) -> float:
    # Heads that are on their way when the lease runs out must have arrived, or not, before others clear up.
    return max(LEASE, 2 * WRITE_FACTOR * tenant.connection.timeout)


def _passages(
    tenant: Tenant,
    documents: Sequence[Document],
    chunks: Sequence[Sequence[Chunk]],
    vectors: Sequence[Vectors],
    versions: Sequence[str],
) -> Iterator[Row]:
    embedded = tenant.space.embedder is not None
    for document, pieces, rows, version in zip(documents, chunks, vectors, versions, strict=True):
        yield from passage_rows(document, pieces, rows, version, embedded=embedded)
