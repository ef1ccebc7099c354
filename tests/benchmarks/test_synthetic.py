from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from citeward.retrieval.checks import check_batch
from citeward.text.words import STOP_WORDS


@pytest.fixture
def synthetic(load: Callable[[str], Any]) -> Any:
    return load("synthetic")


def test_a_document_is_the_same_wherever_the_stream_begins(synthetic: Any) -> None:
    one, two = synthetic.world(3), synthetic.world(3)
    (alone,) = synthetic.documents(one, 7, 1)
    *_, last = synthetic.documents(two, 5, 3)
    assert (alone.document, alone.chunks) == (last.document, last.chunks)
    assert (alone.vectors == last.vectors).all()
    (other,) = synthetic.documents(synthetic.world(4), 7, 1)
    assert other.document.text != alone.document.text


def test_documents_can_be_stored_as_they_are(synthetic: Any) -> None:
    made = list(synthetic.documents(synthetic.world(), 0, 20))
    check_batch([one.document for one in made], [one.chunks for one in made], [one.vectors for one in made], 384)
    assert all(np.allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-5) for one in made)
    assert all(80 <= len(chunk.text.split()) <= 120 for one in made for chunk in one.chunks)


def test_words_are_as_unequal_as_in_real_text(synthetic: Any) -> None:
    made = synthetic.documents(synthetic.world(), 0, 100)
    counts = Counter(word.strip(".").lower() for one in made for word in one.document.text.split())
    total = sum(counts.values())
    assert 0.25 < sum(counts[word] for word in STOP_WORDS) / total < 0.6
    assert sum(count == 1 for count in counts.values()) > len(counts) / 5


def test_what_shares_a_querys_topic_is_near_it_in_words_and_in_vectors(synthetic: Any) -> None:
    world = synthetic.world()
    made = list(synthetic.documents(world, 0, 600))
    vectors = np.stack([one.vectors[0] for one in made])
    words = [set(one.chunks[0].text.lower().replace(".", "").split()) for one in made]
    sharing, others = [], []
    for query in synthetic.queries(world, 40):
        topical = set(query.text.rstrip("?").split()[-3:])
        for near, said in zip(vectors @ query.vector, words, strict=True):
            (sharing if len(topical & said) > 1 else others).append(near)
    assert np.mean(sharing) > np.mean(others) + 0.2


def test_clustered_vectors_have_unit_length_and_a_block_of_their_own(synthetic: Any) -> None:
    world = synthetic.world()
    one = synthetic.clustered(world, 5, 0)
    assert one.shape == (5, 384)
    assert one.dtype == np.float32
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    assert (one == synthetic.clustered(world, 5, 0)).all()
    assert (one != synthetic.clustered(world, 5, 1)).any()
