"""Keeps a store in step with the documents that it was filled from."""

from citeward.ingest.sync.report import Progress, SyncReport
from citeward.ingest.sync.run import sync

__all__ = ["Progress", "SyncReport", "sync"]
