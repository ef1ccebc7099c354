import numpy as np

from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.embedding.paired import PairedEmbedder
from citeward.testing.embedding import HashEmbedder


async def test_vectors_come_from_one_and_token_vectors_from_the_other() -> None:
    one, other = HashEmbedder(dimensions=16, name="one"), MiniLM()
    pair = PairedEmbedder(one, tokens=other)
    texts = ["red fox", "grey wolf at night"]
    assert (pair.name, pair.dimensions) == ("one", 16)
    vectors, tokens = await pair.embed_both(texts)
    np.testing.assert_array_equal(vectors, await one.embed(texts))
    np.testing.assert_array_equal(vectors, await pair.embed(texts))
    for got, due in zip(tokens, await other.embed_tokens(texts), strict=True):
        np.testing.assert_array_equal(got.vectors, due.vectors)
        assert got.offsets == due.offsets
