"""Objects on their way to and from the server, so many a request; what it refuses is named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from citeward.errors import StoreError, StoreUnavailable
from citeward.retrieval.weaviate.rows import Row, document_of, referred
from citeward.retrieval.weaviate.tenant import Tenant, batches

Part: TypeAlias = Callable[[Any], Any]
"""Gives a tenant's part of a collection, of the client: `tenant.passages` or `tenant.documents`."""
_REQUEST_ROWS = 500
_REQUEST_BYTES = 8_000_000
_REQUESTS_AT_ONCE = 2
_VALUES_AT_ONCE = 200
_SINGLE_AT_ONCE = 8


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


async def put_passages(tenant: Tenant, rows: Iterable[Row]) -> None:
    """Write passages so that none is lost with the server's process.

    The server answers a batch before the last of its vectors are in its log (up to 32 kB of that stay in memory), and
    writes them out with the next batch: so the last passage is sent once more.
    """
    last: list[Row] = []

    def remembered() -> Iterator[Row]:
        for row in rows:
            last[:] = [row]
            yield row

    await put(tenant, tenant.passages, remembered())
    if tenant.space.embedder is not None:
        await put(tenant, tenant.passages, last)


async def delete(tenant: Tenant, part: Part, ids: Collection[str]) -> None:
    """Delete objects by id; those that are not there are nothing."""
    from weaviate.classes.query import Filter

    for some in batches(ids, _VALUES_AT_ONCE):
        await tenant.connection.tell(partial(_delete_once, part, Filter.by_id().contains_any(some)))


async def delete_versions(tenant: Tenant, versions: Collection[str]) -> None:
    """Delete all passages of these versions."""
    from weaviate.classes.query import Filter

    for some in batches(versions, _VALUES_AT_ONCE):
        condition = Filter.by_property("version").contains_any(some)
        while await tenant.connection.tell(partial(_delete_once, tenant.passages, condition)):
            pass  # the server deletes so many at a time


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
    objects = [DataObject(uuid=row.id, properties=dict(row.properties), vector=row.vector) for row in rows]
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
