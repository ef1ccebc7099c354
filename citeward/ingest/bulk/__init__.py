"""Syncs on a Ray cluster, for more documents than one machine embeds in good time."""

from citeward.ingest.bulk.run import sync_with_ray

__all__ = ["sync_with_ray"]
