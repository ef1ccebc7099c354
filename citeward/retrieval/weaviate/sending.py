"""Objects on their way to and from the server, so many a request; what it refuses is named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from citeward.errors import StoreError, StoreUnavailable
from citeward.retrieval.weaviate.rows import Row, document_of, passage_id, referred
from citeward.retrieval.weaviate.tenant import Tenant, batches

Part: TypeAlias = Callable[[Any], Any]
"""Gives a tenant's part of a collection, of the client: `tenant.passages` or `tenant.documents`."""
_REQUEST_ROWS = 500
_REQUEST_BYTES = 8_000_000
_REQUESTS_AT_ONCE = 2
_VALUES_AT_ONCE = 200
_SINGLE_AT_ONCE = 8
_PUTS = 4


async def put(tenant: Tenant, part: Part, rows: Iterable[Row]) -> None:
    """Write rows; one of an id that is there replaces it.

    Raises:
        StoreError: The server refuses a row; others may be written.
        StoreUnavailable: It does not answer.
    """
    requests = _requests(rows)
    while wave := list(islice(requests, _REQUESTS_AT_ONCE)):
        # All of them are waited for, so that none arrives after its failure was told.
        done = await asyncio.gather(*(_send(tenant, part, some) for some in wave), return_exceptions=True)
        for one in done:
            if isinstance(one, BaseException):
                raise one


async def put_passages(tenant: Tenant, rows: Sequence[Row]) -> None:
    """Write passages so that none is lost with the server's process.

    The server answers a batch before the last of its vectors are in its log (up to 32 kB of that stay in memory), and
    writes them out with the next batch: so the last passage is sent once more.
    """
    await put(tenant, tenant.passages, rows)
    if tenant.space.embedder is not None:
        await put(tenant, tenant.passages, rows[-1:])


async def put_findable(tenant: Tenant, rows: Sequence[Row]) -> None:
    """Write objects of the collection of documents, all of one kind, so that conditions find them.

    A server that was killed amid an earlier attempt may keep such an object and find it under no condition; written
    again it would stay so. It is deleted by its id then, and written once more.

    Raises:
        StoreUnavailable: They are still not found.
    """
    absent: Sequence[Row] = rows
    for _ in range(_PUTS):
        await put(tenant, tenant.documents, absent)
        there = await tenant.findable({row.id for row in rows}, str(rows[0].properties["kind"])) if rows else set()
        absent = [row for row in rows if row.id not in there]
        if not absent:
            return
        await delete_singly(tenant, tenant.documents, [row.id for row in absent])
    raise StoreUnavailable(
        f"{len(absent)} of {len(rows)} records were written {_PUTS} times and are not found on the server",
        hint="see the server's log; then try again",
    )


async def delete(tenant: Tenant, part: Part, ids: Collection[str]) -> None:
    """Delete objects by id; those that are not there are nothing."""
    from weaviate.classes.query import Filter

    before = tenant.connection.failures
    for some in batches(ids, _VALUES_AT_ONCE):
        await tenant.connection.tell(partial(_delete_once, part, Filter.by_id().contains_any(some)))
    if tenant.connection.failures != before:
        await delete_singly(tenant, part, ids)


async def delete_versions(tenant: Tenant, sizes: Mapping[str, int]) -> None:
    """Delete all passages of these versions, each given with their number."""
    from weaviate.classes.query import Filter

    before, deleted = tenant.connection.failures, 0
    for some in batches(sizes, _VALUES_AT_ONCE):
        condition = Filter.by_property("version").contains_any(some)
        while matches := await tenant.connection.tell(partial(_delete_once, tenant.passages, condition)):
            deleted += matches  # the server deletes so many at a time
    if tenant.connection.failures != before or deleted < sum(sizes.values()):
        # Those that were half written or half deleted may be found by vector, and by no condition.
        await delete_singly(tenant, tenant.passages, passage_ids(sizes))


def passage_ids(sizes: Mapping[str, int]) -> Iterator[str]:
    """Ids of the passages' objects of these versions, each given with their number."""
    return (passage_id(version, number) for version, size in sizes.items() for number in range(size))


async def delete_singly(tenant: Tenant, part: Part, ids: Iterable[str]) -> None:
    """Delete objects one by one, which reaches those as well that a server that was killed keeps but cannot find."""
    for some in batches(list(ids), _SINGLE_AT_ONCE):
        await asyncio.gather(*(tenant.connection.tell(partial(_delete_single, part, one)) for one in some))


async def _delete_single(part: Part, name: str, client: Any) -> None:
    await part(client).data.delete_by_id(name)


async def _delete_once(part: Part, condition: Any, client: Any) -> int:
    done = await part(client).data.delete_many(where=condition)
    if done.failed:
        raise StoreUnavailable(f"{done.failed} of {done.matches} objects could not be deleted", hint="try again")
    return int(done.matches)


async def _send(tenant: Tenant, part: Part, rows: Sequence[Row]) -> None:
    from weaviate.classes.data import DataObject

    # The client logs what was refused with all of its text; ours says what is to be said.
    logging.getLogger("weaviate-client").addFilter(_no_objects)
    objects = [
        DataObject(
            uuid=row.id,
            properties=dict(row.properties),
            vector=None if row.vector is None else row.vector.tolist(),
        )
        for row in rows
    ]
    done = await tenant.connection.tell(lambda client: part(client).data.insert_many(objects))
    if done.errors:
        place, error = next(iter(done.errors.items()))
        properties = rows[place].properties
        name = properties.get("document_id") or document_of(referred(properties["reference"])[1])
        raise StoreError(
            f"{len(done.errors)} of {len(rows)} objects were refused; the first, of document {name!r}: {error.message}",
            hint="see the server's log; what was refused was not written, and its document is as it was",
        )


def _no_objects(record: logging.LogRecord) -> bool:
    return not isinstance(record.msg, dict)


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
