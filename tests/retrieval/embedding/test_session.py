from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.embedding.session import WINDOW, Session


@pytest.fixture(scope="module")
def session(embedder: MiniLM) -> Session:
    return embedder.load().session


def words(session: Session, text: str) -> list[str]:
    return [text[start:end] for start, end in session.tokens(text).offsets]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat.", ["The", "cat", "sat", "."]),
        ("  unbelievable  ", ["unbelievable"]),
        ("Größe zählt", ["Gr", "ö", "ße", "zä", "hl", "t"]),
        ("中文 text", ["中", "文", "text"]),
        ("hi 😀 there", ["hi", "😀", "there"]),
        ("a\x00b", ["a\x00b"]),
        ("one\ud800two", ["one", "\ud800", "two"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_offsets_count_characters_of_the_text_as_given(session: Session, text: str, expected: list[str]) -> None:
    assert words(session, text) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_a_vector_of_unit_length_and_tokens_within_it(session: Session, text: str) -> None:
    vector, tokens = session.vector(text), session.tokens(text)
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert tokens.vectors.shape == (len(tokens.offsets), 384)
    np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-5)
    assert all(0 <= start <= end <= len(text) for start, end in tokens.offsets)
    assert list(tokens.offsets) == sorted(tokens.offsets)


def test_a_long_text_is_cut_at_the_window(session: Session) -> None:
    text = "word " * 1000
    assert len(session.tokens(text).offsets) == WINDOW - 2
    np.testing.assert_array_equal(session.vector(text), session.vector("word " * (WINDOW - 2) + "changed"))


def test_a_token_that_spells_a_special_one_is_kept(session: Session) -> None:
    assert words(session, "before [SEP] after") == ["before", "[SEP]", "after"]


def test_the_same_word_has_another_vector_in_another_context(session: Session) -> None:
    river, money = session.tokens("the river bank"), session.tokens("the savings bank")
    assert river.vectors[2] @ money.vectors[2] < 0.9
