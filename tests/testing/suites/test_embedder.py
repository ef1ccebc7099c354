from collections.abc import Sequence

import numpy as np
import pytest

from citeward.retrieval.embedding.minilm import MiniLM
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.embedder import EMBEDDER_CHECKS, EmbedderCheck


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    return MiniLM(cache_dir=tmp_path_factory.mktemp("cache"), workers=2)


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
async def test_the_test_double_is_an_embedder(check: EmbedderCheck) -> None:
    await check(HashEmbedder())


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
async def test_the_embedded_model_is_an_embedder(check: EmbedderCheck, minilm: MiniLM) -> None:
    await check(minilm)


class Doubles(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> np.ndarray:
        return 2 * await super().embed(texts)


class Sorts(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> np.ndarray:
        return await super().embed(sorted(texts))


class Forgets(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> np.ndarray:
        return (await super().embed([*texts, ""]))[: len(texts) or 1]


class Repeats(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> np.ndarray:
        return await super().embed(["the same"] * len(texts))


class Spells(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> np.ndarray:
        return await super().embed(list(texts))


class Fails(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> np.ndarray:
        assert all(text.strip() for text in texts), "an empty text"
        return await super().embed(texts)


@pytest.mark.parametrize(
    ("embedder", "check", "words"),
    [
        (Doubles(), "vectors_are_of_unit_length", "lengths"),
        (Sorts(), "rows_are_in_the_order_of_the_texts", "is not its own"),
        (Forgets(), "no_texts_give_no_rows", "shape"),
        (Repeats(), "texts_are_told_apart", "share one vector"),
        (Spells(), "one_text_given_bare_is_refused", "was due"),
        (Fails(), "any_text_gets_a_vector", "empty"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_embedder_that_breaks_its_contract_is_caught(embedder: HashEmbedder, check: str, words: str) -> None:
    (wanted,) = [one for one in EMBEDDER_CHECKS if one.__name__ == check]
    with pytest.raises(AssertionError, match=words):
        await wanted(embedder)
