"""How a document changes as a whole on a server without transactions.

1. A note names the documents and the versions to come, before anything else is written.
2. Bodies and passages are staged under the new versions, where no search takes them.
3. The heads are written: each is one object, and with it its document has changed.
4. The tenant's generation changes; what no head names is swept away; the note is removed.

So while there is no note, every passage counts; and while there is one, a reader asks the heads which do. Whoever is
stopped leaves a note behind. It has a lease; long after that has run out, the next writer sweeps for it. A document is
wholly old or wholly new whenever it is looked at, and what was acknowledged stays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any
from uuid import uuid4

from citeward.contracts.retrieval import Chunk, Document, Vectors
from citeward.errors import CitewardError, StoreError, StoreUnavailable
from citeward.retrieval.weaviate.names import key
from citeward.retrieval.weaviate.rows import (
    Row,
    body_id,
    body_row,
    head_id,
    head_row,
    note_row,
    passage_rows,
    state_row,
)
from citeward.retrieval.weaviate.schema import BODY, HEAD
from citeward.retrieval.weaviate.tenant import AT_ONCE, Tenant, batches

LEASE = 300.0
"""Seconds that one write may take before its heads; twice that, and others clear away what it staged."""
_REQUEST_ROWS = 500
_REQUEST_BYTES = 8_000_000
_REQUESTS_AT_ONCE = 2
_SWEEP_DOCUMENTS = 200
_SWEEP_ROWS = 10_000
_VERSIONS_AT_ONCE = 200

Confirm = Callable[[], Awaitable[None]]
"""Raises where the space may not be written any more."""


async def replace(
    tenant: Tenant,
    documents: Sequence[Document],
    chunks: Sequence[Sequence[Chunk]],
    vectors: Sequence[Vectors],
    *,
    confirm: Confirm,
    lease: float = LEASE,
) -> None:
    """Write documents with their passages, replacing any earlier version of each.

    Args:
        tenant: There already.
        documents: Checked, each once.
        chunks: One sequence a document.
        vectors: float32[len(chunks[i]), d] for each document.
        confirm: Asked before and after the heads.
        lease: In seconds.

    Raises:
        StoreError: The server refuses an object; nothing was changed.
        StoreUnavailable: It does not answer; some of the documents may have changed, each as a whole.
    """
    begun = time.monotonic()
    versions = [uuid4().hex for _ in documents]
    note = await _announce(tenant, [one.id for one in documents], versions, lease)
    try:
        await _put(tenant.documents, tenant, map(body_row, documents, versions))
        await _put(tenant.passages, tenant, _passages(tenant, documents, chunks, vectors, versions))
        await confirm()
    except StoreUnavailable:
        raise  # a request may still arrive there, so what it brings is left for the sweep that the note asks for
    except CitewardError:
        with suppress(CitewardError):
            await _finish(tenant, note, [one.id for one in documents])
        raise
    if time.monotonic() - begun > lease:
        raise StoreUnavailable(
            f"writing {len(documents)} documents took longer than {lease:g} s", hint="write fewer documents a call"
        )
    heads = (
        head_row(one, len(pieces), version) for one, pieces, version in zip(documents, chunks, versions, strict=True)
    )
    await _put(tenant.documents, tenant, heads)
    await confirm()
    left = {one.id: version for one, version in zip(documents, versions, strict=True)}
    await _finish(tenant, note, list(left), left=left)
    await _recover(tenant)


async def remove(tenant: Tenant, document_ids: Sequence[str], *, confirm: Confirm, lease: float = LEASE) -> int:
    """Remove documents with their passages; returns how many were there.

    Raises:
        StoreUnavailable: No answer; some of the documents may be gone, each as a whole.
    """
    removed = 0
    for part in batches(document_ids, AT_ONCE):
        there = list(await tenant.heads(part))
        if not there:
            continue
        note = await _announce(tenant, there, (), lease)
        await confirm()
        await _delete(tenant, tenant.documents, "id", [head_id(one) for one in there])
        await confirm()
        await _finish(tenant, note, there, left={})
        await _recover(tenant)
        removed += len(there)
    return removed


async def tidy(tenant: Tenant) -> None:
    """Sweep away everything that no head names and no write is at work on."""
    heads: dict[str, str] = {}
    bodies: dict[str, set[str]] = {}
    async for one in tenant.objects(("kind", "document_id", "version")):
        if one["kind"] == HEAD:
            heads[one["document_id"]] = one["version"]
        elif one["kind"] == BODY:
            bodies.setdefault(one["document_id"], set()).add(one["version"])
    await _recover(tenant)
    await _sweep(tenant, [name for name, versions in bodies.items() if versions != {heads.get(name)}], own="")


async def _announce(tenant: Tenant, documents: Sequence[str], versions: Sequence[str], lease: float) -> str:
    note = str(uuid4())
    await _put(tenant.documents, tenant, [note_row(note, documents, versions, lease)])
    await _recover(tenant)
    return note


async def _recover(tenant: Tenant) -> None:
    for note in await tenant.notes():
        if note.dead:
            await _finish(tenant, note.id, note.documents)


async def _finish(
    tenant: Tenant, note: str, documents: Sequence[str], *, left: Mapping[str, str] | None = None
) -> None:
    """What follows the heads; `left` is the version that each document should have now, where that is known."""
    # The generation changes before anything is deleted: a search that read it before and after knows that nothing was.
    await _put(tenant.documents, tenant, [state_row(tenant.name, uuid4().hex)])
    spared = await _sweep(tenant, documents, own=note, left=left)
    if spared:
        # Another writer is at one of these documents. Whoever of us is done last clears up.
        await _put(tenant.documents, tenant, [note_row(note, spared, (), 0.0)])
    else:
        await _delete(tenant, tenant.documents, "id", [note])


async def _sweep(
    tenant: Tenant, documents: Sequence[str], *, own: str, left: Mapping[str, str] | None = None
) -> list[str]:
    """Delete the versions of these documents that no head names, sparing what other writes have announced.

    What there is, is listed first; then who writes; then what counts: so a version that is listed and neither announced
    nor named by a head has been given up.

    Returns:
        The documents of which a version was spared.
    """
    spared = []
    for part in batches(documents, _SWEEP_DOCUMENTS):
        listed = await _versions(tenant, part)
        if left is not None and listed == {name: {left[name]} for name in part if name in left}:
            continue
        announced = {version for note in await tenant.notes() if note.id != own for version in note.versions}
        heads = await tenant.heads(part)
        given_up = {name: {one for one in versions if heads.get(name) != one} for name, versions in listed.items()}
        garbage = [one for versions in given_up.values() for one in versions - announced]
        spared += [name for name, versions in given_up.items() if versions & announced]
        # Bodies go last: by them a sweep that was stopped finds the passages again.
        await _delete(tenant, tenant.passages, "version", garbage)
        await _delete(tenant, tenant.documents, "id", [body_id(version) for version in garbage])
    return spared


async def _versions(tenant: Tenant, documents: Sequence[str]) -> dict[str, set[str]]:
    from weaviate.classes.query import Filter

    condition = Filter.by_property("kind").equal(BODY) & Filter.by_property("document_id_key").contains_any(
        [key(one) for one in documents]
    )
    found = await tenant.connection.ask(
        lambda client: tenant.documents(client).query.fetch_objects(
            filters=condition, limit=_SWEEP_ROWS, return_properties=["document_id", "version"]
        )
    )
    listed: dict[str, set[str]] = {}
    for one in found.objects:
        listed.setdefault(one.properties["document_id"], set()).add(one.properties["version"])
    return listed


async def _delete(tenant: Tenant, part: Callable[[Any], Any], name: str, values: Sequence[str]) -> None:
    from weaviate.classes.query import Filter

    for some in batches(values, _VERSIONS_AT_ONCE):
        condition = (Filter.by_id() if name == "id" else Filter.by_property(name)).contains_any(some)
        while await tenant.connection.tell(partial(_delete_once, part, condition)) and name != "id":
            pass  # the server deletes so many at a time; ids were few enough


async def _delete_once(part: Callable[[Any], Any], condition: Any, client: Any) -> int:
    done = await part(client).data.delete_many(where=condition)
    if done.failed:
        raise StoreUnavailable(f"{done.failed} of {done.matches} objects could not be deleted", hint="try again")
    return int(done.matches)


async def _put(part: Callable[[Any], Any], tenant: Tenant, rows: Iterable[Row]) -> None:
    """Write rows, some requests at a time; one that the server refuses is named."""
    requests = _requests(rows)
    while wave := list(islice(requests, _REQUESTS_AT_ONCE)):
        # All of them are waited for, so that none arrives after its failure was told.
        done = await asyncio.gather(*(_send(part, tenant, some) for some in wave), return_exceptions=True)
        for one in done:
            if isinstance(one, BaseException):
                raise one


async def _send(part: Callable[[Any], Any], tenant: Tenant, rows: Sequence[Row]) -> None:
    from weaviate.classes.data import DataObject

    objects = [DataObject(uuid=row.id, properties=dict(row.properties), vector=row.vector) for row in rows]
    done = await tenant.connection.tell(lambda client: part(client).data.insert_many(objects))
    if done.errors:
        place, error = next(iter(done.errors.items()))
        name = rows[place].properties.get("document_id", rows[place].id)
        raise StoreError(
            f"{len(done.errors)} of {len(rows)} objects were refused; the first, of document {name!r}: {error.message}",
            hint="see the server's log; what was refused was not written, and its document is as it was",
        )


def _requests(rows: Iterable[Row]) -> Iterator[list[Row]]:
    some: list[Row] = []
    size = 0
    for row in rows:
        if some and (len(some) >= _REQUEST_ROWS or size + row.size > _REQUEST_BYTES):
            yield some
            some, size = [], 0
        some.append(row)
        size += row.size
    if some:
        yield some


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
