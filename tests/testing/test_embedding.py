import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citeward.testing.embedding import HashEmbedder


@given(st.lists(st.text(), max_size=5))
async def test_every_text_gets_a_vector_of_unit_length(texts):
    vectors = await HashEmbedder(dimensions=16).embed(texts)
    assert vectors.shape == (len(texts), 16) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


async def test_the_same_text_gets_the_same_vector_whatever_stands_beside_it():
    embedder = HashEmbedder()
    alone = await embedder.embed(["a black cat"])
    beside = await embedder.embed(["x", "a black cat"])
    assert (alone[0] == beside[1]).all()


async def test_shared_words_make_vectors_similar():
    cat, again, ship = await HashEmbedder().embed(["a black cat", "The black cat", "steam ship"])
    assert cat @ again > 0.5 > cat @ ship
