"""Batches into the store, and what has vanished out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import PurePath
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from citeward.contracts.retrieval import Store
from citeward.errors import CitewardError, InvalidInput
from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import Brought
from citeward.ingest.sync.recipe import Cut
from citeward.ingest.sync.vectors import refusal

T = TypeVar("T")
ATTEMPTS = 5
"""Tries of one write."""
DELETED_AT_ONCE = 500


async def write(store: Store, cuts: Sequence[Cut], *, tenant: str) -> list[Skipped]:
    """Write embedded documents; returns those that the store refuses, the others are written all the same."""
    if not cuts:
        return []
    documents, chunks = [cut.document for cut in cuts], [cut.chunks for cut in cuts]
    vectors = [cut.vectors for cut in cuts]
    try:
        await patiently(store.upsert, documents, chunks, vectors, tenant=tenant)
    except InvalidInput as error:
        if len(cuts) == 1:
            return [refusal(cuts[0], error)]
        return [refused for cut in cuts for refused in await write(store, [cut], tenant=tenant)]
    return []


async def delete(store: Store, document_ids: Sequence[str], *, tenant: str) -> None:
    """Delete documents, some hundreds at a time."""
    for start in range(0, len(document_ids), DELETED_AT_ONCE):
        await patiently(store.delete, document_ids[start : start + DELETED_AT_ONCE], tenant=tenant)


async def patiently(call: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Do a write; again, a little later, where the store says that this may help (another writer, a busy server)."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, CitewardError) and error.retryable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        reraise=True,
    )
    return await retrying(call, *args, **kwargs)


def vanished(stored: Iterable[str], brought: Brought, roots: Sequence[str]) -> list[str]:
    """Ids of stored documents to delete, sorted.

    Args:
        stored: Ids of everything that the store holds.
        brought: What was brought this time.
        roots: Ids of the folders and files that were to be brought whole.
    """
    return sorted(known for known in stored if known not in brought and _is_gone(known, brought, roots))


def _is_gone(known: str, brought: Brought, roots: Sequence[str]) -> bool:
    places = [known, *(known[:at] for at, mark in enumerate(known) if mark == "/")]
    if any(place in brought.gone for place in places):
        return True
    if any(place in brought.unread for place in places):
        return False
    return any(known == root or _holds(root, known) for root in roots)


def _holds(root: str, known: str) -> bool:
    if root in ("", "."):  # the base itself; what lies elsewhere has its whole path as id
        return not PurePath(known).is_absolute()
    return known.startswith(root.rstrip("/") + "/")
