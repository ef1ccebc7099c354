"""The files of a run on their way into the store, and how many of them are done with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from citeward.cli.progress import Step
from citeward.contracts.retrieval import Document
from citeward.ingest.load import Skipped
from citeward.ingest.sync import SyncReport


class Intake:
    """Reads files in order and keeps account of them: a file is done with when all of its documents are.

    Args:
        found: What `find` gives.
    """

    def __init__(self, found: Sequence[Path | Skipped]) -> None:
        self.found = found
        self._sizes = [_size(item) for item in found]
        self._total = sum(self._sizes) or 1
        self._read: deque[int] = deque()  # for each file that was read, in order: items given out at its end
        self._files = 0
        self._bytes = 0

    def items(self, read: Callable[[Path], Iterable[Document | Skipped]]) -> Iterator[Document | Skipped]:
        """Every file's documents, or why there are none."""
        given = 0
        for item in self.found:
            for one in [item] if isinstance(item, Skipped) else read(item):
                given += 1
                yield one
            self._read.append(given)

    def step(self, report: SyncReport, *, in_order: bool = True) -> Step:
        """How far a sync is.

        Args:
            report: The sync's.
            in_order: Items are done with in the order in which they were read here; otherwise files are read
                elsewhere, and are about as many as the documents.
        """
        if in_order:
            while self._read and self._read[0] <= report.seen:
                self._read.popleft()
                self._bytes += self._sizes[self._files]
                self._files += 1
            share = self._bytes / self._total
        else:
            self._files = min(report.seen, len(self.found))
            share = self._files / max(1, len(self.found))
        return Step(
            done=self._files,
            total=len(self.found),
            what="files",
            share=share,
            rate=report.rate,
            seconds=report.seconds,
        )


def _size(item: Path | Skipped) -> int:
    """Bytes of the file, and one for the opening of it."""
    if isinstance(item, Skipped):
        return 1
    try:
        return item.stat().st_size + 1
    except OSError:
        return 1
