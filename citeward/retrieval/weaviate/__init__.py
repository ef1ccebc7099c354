"""The store for production: a Weaviate server or cluster."""

from citeward.retrieval.weaviate.store import WeaviateStore

__all__ = ["WeaviateStore"]
