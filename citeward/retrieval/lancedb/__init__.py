"""The embedded store: a folder of LanceDB tables, one a tenant."""

from citeward.retrieval.lancedb.store import LanceStore

__all__ = ["LanceStore"]
