from __future__ import annotations

from pathlib import Path

import pytest

from citeward.retrieval.embedding import files
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.embedding.session import Session


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def embedder(cache_dir: Path) -> MiniLM:
    return MiniLM(cache_dir=cache_dir, workers=2)


@pytest.fixture(scope="session")
def shipped() -> Session:
    return Session(files.read(files.MODEL), files.read(files.TOKENIZER))
