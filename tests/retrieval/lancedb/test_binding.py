from pathlib import Path

import pytest

from citeward.contracts.retrieval import Embedder
from citeward.retrieval.lancedb import LanceStore
from citeward.testing.suites.retriever_spaces import SPACE_CHECKS, SpaceCheck


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
async def test_it_changes_its_embedder(check: SpaceCheck, tmp_path: Path) -> None:
    def open_(embedder: Embedder | None, beside: bool) -> LanceStore:
        if embedder is None:
            return LanceStore(tmp_path, beside=beside)
        return LanceStore(tmp_path, embedder=embedder.name, dimensions=embedder.dimensions, beside=beside)

    await check(open_)
