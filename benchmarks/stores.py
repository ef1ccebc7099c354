"""The stores that are measured: the embedded one, and Weaviate where `CITEWARD_TEST_WEAVIATE` names a server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.synthetic import DIMENSIONS
from citeward.contracts.retrieval import Store
from citeward.retrieval.lancedb import LanceStore

EMBEDDER = "synthetic"
"""Name of the space of made-up vectors."""
_COLLECTION = "CitewardBench"


def store_names() -> list[str]:
    """What can be measured here; says aloud what cannot."""
    if os.environ.get("CITEWARD_TEST_WEAVIATE"):
        return ["lancedb", "weaviate"]
    print("weaviate: skipped, since CITEWARD_TEST_WEAVIATE does not name a server")
    return ["lancedb"]


@asynccontextmanager
async def empty_store(name: str, folder: Path, *, embedder: str = EMBEDDER) -> AsyncIterator[Store]:
    """An empty store of that name, gone afterwards where it lives on a server.

    Args:
        name: One of `store_names`.
        folder: Where the embedded store puts its files.
        embedder: Name of the vectors' space.
    """
    if name == "lancedb":
        async with LanceStore(folder, embedder=embedder, dimensions=DIMENSIONS) as store:
            yield store
        return
    from citeward.retrieval.weaviate import WeaviateStore

    remote = WeaviateStore(
        os.environ["CITEWARD_TEST_WEAVIATE"],
        embedder=embedder,
        dimensions=DIMENSIONS,
        collection=_COLLECTION,
        grpc_port=int(os.environ.get("CITEWARD_TEST_WEAVIATE_GRPC", "50051")),
    )
    try:
        await remote.drop()  # what a run that was stopped left there
        yield remote
        await remote.drop()
    finally:
        await remote.close()
