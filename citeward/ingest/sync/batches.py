"""Documents grouped into writes of a bounded size."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from citeward.ingest.load import Skipped
from citeward.ingest.sync.recipe import Cut, Judged, Same

BATCH_DOCUMENTS = 64
BATCH_CHUNKS = 512
"""What is written at once: the smaller of the two, but never less than a whole document."""
TICK = 0.2
"""Seconds after which a batch without anything to write is handed on, so that progress is seen."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What is to be written at once, and what was found on the way to it that needs no writing."""

    cuts: tuple[Cut, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unchanged: int = 0
    seen: int = 0
    """Items that the batch stands for."""


class Brought:
    """What was brought so far: which ids there were, and what each of them held."""

    def __init__(self) -> None:
        self._hashes: dict[str, str] = {}
        self.gone: set[str] = set()
        """Ids of files and documents whose earlier versions must not stay."""
        self.unread: set[str] = set()
        """Ids of files, folders and documents that could not be read this time, whose earlier versions stay."""

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._hashes

    def first(self, item: Judged) -> Judged | None:
        """The item; None where just this document was brought before, Skipped where another one had its id."""
        if isinstance(item, Skipped):
            (self.unread if item.keep else self.gone).add(item.id)
            return item
        document_id = item.id if isinstance(item, Same) else item.document.id
        content_hash = item.content_hash if isinstance(item, Same) else item.document.content_hash
        before = self._hashes.get(document_id)
        if before is None:
            self._hashes[document_id] = content_hash
            return item
        if before == content_hash:
            return None  # paths that overlap bring a file twice
        source = document_id if isinstance(item, Same) else item.document.source
        return Skipped(id=document_id, source=source, reason="its id was given before")


def batches(items: Iterable[Judged], brought: Brought) -> Iterator[Batch]:
    """The items in batches, each id once, read as they are needed."""
    cuts: list[Cut] = []
    skipped: list[Skipped] = []
    unchanged = seen = chunks = 0
    shown = time.monotonic()
    for judged in items:
        item = brought.first(judged)
        if isinstance(item, Cut):
            if cuts and (len(cuts) == BATCH_DOCUMENTS or chunks + len(item.chunks) > BATCH_CHUNKS):
                yield Batch(cuts=tuple(cuts), skipped=tuple(skipped), unchanged=unchanged, seen=seen)
                cuts, skipped = [], []
                unchanged = seen = chunks = 0
                shown = time.monotonic()
            cuts.append(item)
            chunks += len(item.chunks)
        elif isinstance(item, Skipped):
            skipped.append(item)
        elif item is not None:
            unchanged += 1
        seen += 1
        if time.monotonic() - shown > TICK:
            yield Batch(skipped=tuple(skipped), unchanged=unchanged, seen=seen - len(cuts))
            skipped, unchanged, seen = [], 0, len(cuts)
            shown = time.monotonic()
    if seen:
        yield Batch(cuts=tuple(cuts), skipped=tuple(skipped), unchanged=unchanged, seen=seen)
