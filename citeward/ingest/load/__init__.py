"""Documents from files, by loaders for each kind."""

from citeward.ingest.load.dispatch import LARGEST, LOADERS, find, load, read
from citeward.ingest.load.skipped import Skipped
from citeward.ingest.load.walk import document_id

__all__ = ["LARGEST", "LOADERS", "Skipped", "document_id", "find", "load", "read"]
