"""What a sync did, or would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import Batch


@dataclass(kw_only=True)
class SyncReport:
    """What a sync did, or would do; what is listed as added or changed has been written."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    deleted: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    passages: int = 0
    """Passages written."""
    bytes: int = 0
    """UTF-8 text of the documents written."""
    seconds: float = 0.0
    rate: float = 0.0
    """Passages written a second."""
    seen: int = 0
    """Documents and skipped files that are done with, those that were brought twice included."""
    dry_run: bool = False

    def take(self, batch: Batch, refused: Sequence[Skipped] = ()) -> None:
        """Count a batch as done.

        Args:
            batch: What was written, skipped and left as it was.
            refused: Those of its documents that could not be written after all.
        """
        unwritten = {item.id for item in refused}
        for cut in batch.cuts:
            if cut.document.id in unwritten:
                continue
            (self.added if cut.new else self.changed).append(cut.document.id)
            self.passages += len(cut.chunks)
            self.bytes += len(cut.document.text.encode("utf-8", "replace"))
        self.skipped += [*batch.skipped, *refused]
        self.unchanged += batch.unchanged
        self.seen += batch.seen

    def clock(self, seconds: float) -> None:
        """Set how long it took so far."""
        self.seconds = seconds
        self.rate = round(self.passages / seconds, 1) if seconds > 0 else 0.0


Progress: TypeAlias = Callable[[SyncReport], None]
