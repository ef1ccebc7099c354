"""What was not indexed, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file, or one of the documents in it, that is not indexed, and why."""

    id: str
    """The document's id, or the file's, where it cannot be told which document is meant."""
    source: str
    reason: str
    keep: bool = True
    """Whether an earlier version stays in the store: not where it can no longer be told who may read it."""
