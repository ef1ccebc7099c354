"""Clearing up: after a write, and after one that was stopped.

A note names every version that a write stages or deletes. A server that is killed may keep such an object without its
place in an index, where no condition finds it; so what a note names is then deleted one by one, by the objects' ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from citeward.retrieval.weaviate.names import key
from citeward.retrieval.weaviate.rows import Note, body_id, head_id, note_row, state_row
from citeward.retrieval.weaviate.schema import BODY
from citeward.retrieval.weaviate.sending import delete, delete_singly, delete_versions, passage_ids, put_findable
from citeward.retrieval.weaviate.tenant import Tenant, batches

_DOCUMENTS = 200
_ROWS = 10_000


async def announce(tenant: Tenant, documents: Sequence[str], sizes: Mapping[str, int], lease: float) -> Note:
    """Note a write before anything of it is written, and clear up after those that were stopped.

    Args:
        tenant: Whose documents.
        documents: Their ids.
        sizes: The versions to come, each with the number of its passages.
        lease: Seconds that the write may take.
    """
    note = Note(id=str(uuid4()), documents=tuple(documents), sizes=dict(sizes), lease=lease)
    await put_findable(tenant, [note_row(note)])
    others = [one for one in await recover(tenant) if one.id != note.id]
    # A head that the server keeps but cannot find would stay so when it is written again.
    shared = set(documents) & {name for one in others for name in one.documents}
    await _mend(tenant, sorted(shared))
    return note


async def finish(tenant: Tenant, note: Note, *, left: Mapping[str, str] | None = None) -> None:
    """What follows a change of heads: nothing is left but what they name, and the note is removed.

    Args:
        tenant: Whose documents.
        note: Of the write.
        left: The version that each of its documents should have now, where that is known.
    """
    # The generation changes before anything is deleted: a search that read it before and after knows that nothing was.
    await put_findable(tenant, [state_row(tenant.name, uuid4().hex)])
    spared = await _sweep(tenant, note, left)
    if spared:
        # Another writer is at one of these documents. Whoever of us is done last clears up.
        await put_findable(tenant, [note_row(replace(note, documents=tuple(spared), sizes={}, lease=0.0))])
    else:
        await delete(tenant, tenant.documents, [note.id])


async def recover(tenant: Tenant) -> list[Note]:
    """Clear up after writes that were stopped; returns the notes of those that may go on."""
    notes = await tenant.notes()
    alive = [note for note in notes if not note.dead]
    busy = {name for note in alive for name in note.documents}
    for note in notes:
        if note.dead:
            await _mend(tenant, [name for name in note.documents if name not in busy])
            current = set((await tenant.heads(note.documents)).values())
            await _clear(tenant, {version: size for version, size in note.sizes.items() if version not in current})
            await finish(tenant, note)
    return alive


async def discard(tenant: Tenant, note: Note) -> None:
    """Remove what an abandoned attempt of ours staged, and its note: no request of it is on its way any more."""
    await _clear(tenant, note.sizes)
    await delete(tenant, tenant.documents, [note.id])


async def _clear(tenant: Tenant, sizes: Mapping[str, int]) -> None:
    """Delete versions that never counted, by their objects' ids: no condition may find them."""
    await delete_singly(tenant, tenant.passages, passage_ids(sizes))
    await delete_singly(tenant, tenant.documents, map(body_id, sizes))


async def _mend(tenant: Tenant, documents: Sequence[str]) -> None:
    """Delete heads that the server keeps but cannot find: they were never acknowledged, or their deletion was asked."""
    heads = await tenant.heads(documents)
    await delete_singly(tenant, tenant.documents, [head_id(name) for name in documents if name not in heads])


async def _sweep(tenant: Tenant, note: Note, left: Mapping[str, str] | None) -> list[str]:
    """Delete the versions that no head names, sparing what other writes have announced.

    What there is, is listed first; then who writes; then what counts: so a version that is listed and neither announced
    nor named by a head has been given up.

    Returns:
        The documents of which a version was spared.
    """
    spared: list[str] = []
    for part in batches(note.documents, _DOCUMENTS):
        listed = await _versions(tenant, part)
        if left is not None and {name: set(sizes) for name, sizes in listed.items()} == {
            name: {left[name]} for name in part if name in left
        }:
            continue
        announced = {version for one in await tenant.notes() if one.id != note.id for version in one.sizes}
        heads = await tenant.heads(part)
        given_up = {
            name: {version: size for version, size in sizes.items() if heads.get(name) != version}
            for name, sizes in listed.items()
        }
        spared += [name for name, sizes in given_up.items() if announced.intersection(sizes)]
        garbage = {
            version: size for sizes in given_up.values() for version, size in sizes.items() if version not in announced
        }
        if garbage:
            note = replace(note, sizes={**note.sizes, **garbage})
            await put_findable(tenant, [note_row(note)])
            # Bodies go last: by them a sweep that was stopped finds the passages again.
            await delete_versions(tenant, garbage)
            await delete(tenant, tenant.documents, list(map(body_id, garbage)))
    return spared


async def _versions(tenant: Tenant, documents: Sequence[str]) -> dict[str, dict[str, int]]:
    """The versions that there are of each document, with the numbers of their passages."""
    from weaviate.classes.query import Filter

    condition = Filter.by_property("kind").equal(BODY) & Filter.by_property("document_id_key").contains_any(
        [key(one) for one in documents]
    )
    found = await tenant.connection.ask(
        lambda client: tenant.documents(client).query.fetch_objects(
            filters=condition, limit=_ROWS, return_properties=["document_id", "version", "passages"]
        )
    )
    listed: dict[str, dict[str, int]] = {}
    for one in found.objects:
        listed.setdefault(one.properties["document_id"], {})[one.properties["version"]] = int(
            one.properties["passages"]
        )
    return listed
