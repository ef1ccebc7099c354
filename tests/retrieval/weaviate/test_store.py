from collections.abc import Callable

import pytest

from citeward.retrieval.weaviate import WeaviateStore
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import STORE_CHECKS, StoreCheck
from citeward.testing.suites.retriever_spaces import SPACE_CHECKS, SpaceCheck

Make = Callable[..., WeaviateStore]
EMBEDDER = HashEmbedder()


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
async def test_it_is_a_store(check: StoreCheck, make: Make) -> None:
    await check(make(), EMBEDDER)


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
async def test_it_can_be_filled_anew_beside(check: SpaceCheck, make: Make) -> None:
    await check(make)
