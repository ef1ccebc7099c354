"""A server to test against, named by CITEWARD_TEST_WEAVIATE; each test has collections of its own there."""

import os
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from citeward.contracts.retrieval import Embedder
from citeward.retrieval.weaviate import WeaviateStore
from citeward.testing.embedding import HashEmbedder

EMBEDDER = HashEmbedder()

Make = Callable[..., WeaviateStore]


@pytest.fixture
def server() -> tuple[str, int]:
    """REST address and gRPC port."""
    url = os.environ.get("CITEWARD_TEST_WEAVIATE")
    if not url:
        pytest.skip("CITEWARD_TEST_WEAVIATE names no Weaviate server")
    return url, int(os.environ.get("CITEWARD_TEST_WEAVIATE_GRPC", "50051"))


@pytest.fixture
async def make(server: tuple[str, int]) -> AsyncIterator[Make]:
    """Makes instances of one store, which is dropped in the end."""
    url, port = server
    prefix = f"Test{uuid4().hex[:16]}"
    made: list[WeaviateStore] = []

    def make(embedder: Embedder | None = EMBEDDER, beside: bool = False, **more: object) -> WeaviateStore:
        name, size = (embedder.name, embedder.dimensions) if embedder else (None, None)
        arguments = {"grpc_port": port, "collection": prefix, "beside": beside} | more
        made.append(WeaviateStore(url, embedder=name, dimensions=size, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    await make().drop()
    for store in made:
        await store.close()
