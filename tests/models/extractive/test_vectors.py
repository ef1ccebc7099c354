from collections.abc import Sequence

import numpy as np
import pytest

from citeward.contracts.retrieval import TokenVectors
from citeward.models.extractive.vectors import WINDOWS, PassageVectors
from citeward.retrieval.embedding.minilm import MiniLM


class Counting(MiniLM):
    """Remembers what it was asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        self.asked += texts
        return await super().embed_tokens(texts)


@pytest.fixture
def embedder() -> Counting:
    return Counting()


async def test_a_passage_is_embedded_once(embedder: Counting) -> None:
    vectors = PassageVectors(embedder)
    one, other, again = await vectors.of(["a mill", "a lock", "a mill"])
    (later,) = await vectors.of(["a lock"])
    assert embedder.asked == ["a mill", "a lock"]
    assert again is one
    assert later is other


async def test_what_is_kept_is_bounded(embedder: Counting) -> None:
    vectors = PassageVectors(embedder, keep=10)
    for number in range(6):
        await vectors.of([f"the mill number {number}"])
    embedder.asked.clear()
    await vectors.of(["the mill number 5", "the mill number 0"])
    assert embedder.asked == ["the mill number 0"]


async def test_a_text_past_the_window_is_carried_on_with_to_its_end(embedder: Counting) -> None:
    text = " ".join(f"The mill number {number} grinds rye." for number in range(60))
    (found,) = await PassageVectors(embedder).of([text])
    assert found.offsets[-1][1] == len(text)
    assert list(found.offsets) == sorted(found.offsets)
    assert found.vectors.shape == (len(found.offsets), 384)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-3)


async def test_a_text_without_end_is_not_embedded_to_its_end(embedder: Counting) -> None:
    await PassageVectors(embedder).of(["mill " * 20_000])
    assert len(embedder.asked) == 1 + WINDOWS
