import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import TokenPacker, TokenVectors, Vectors
from citeward.errors import InvalidInput, StoreCorrupt
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.rerank.packing import TokenVectorPacker

PACKER: TokenPacker = TokenVectorPacker()


def _units(count: int, dimensions: int, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _tokens(rows: Vectors) -> TokenVectors:
    return TokenVectors(vectors=rows, offsets=tuple((2 * n, 2 * n + 1) for n in range(len(rows))))


@given(count=st.integers(0, 40), dimensions=st.sampled_from([1, 3, 8, 64, 100, 384, 385, 768]))
def test_a_packed_text_has_its_tokens_and_dimensions_and_a_bit_for_each(count: int, dimensions: int) -> None:
    packed = PACKER.pack(_tokens(_units(count, dimensions)))
    assert len(packed) == 9 + count * (1 + -(-dimensions // 8))
    assert TokenVectorPacker().unpack(packed).shape == (count, dimensions)


@given(dimensions=st.sampled_from([1, 2, 3, 7, 64, 96, 384, 768]))
def test_turning_keeps_lengths_and_angles(dimensions: int) -> None:
    rows = _units(5, dimensions)
    turned = TokenVectorPacker().turn(rows)
    assert np.allclose(turned @ turned.T, rows @ rows.T, atol=1e-5)


def test_the_rotation_never_changes() -> None:
    """What is stored was packed with it: another one would make every stored passage noise."""
    turned = TokenVectorPacker().turn(np.eye(384, dtype=np.float32))
    signs = np.where(np.abs(turned) < 1e-6, 0, np.sign(turned)).astype(np.int8)
    assert hashlib.sha256(signs.tobytes()).hexdigest().startswith("3cbb750573024d27")


def test_similarities_are_estimated_without_bias() -> None:
    asked, said = _units(1, 384, seed=1), _units(4000, 384, seed=2)
    said = said + asked * np.linspace(0, 3, 4000, dtype=np.float32)[:, None]
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    packer = TokenVectorPacker()
    error = packer.turn(asked) @ packer.unpack(packer.pack(_tokens(said))).T - asked @ said.T
    assert abs(float(error.mean())) < 0.005
    assert float(error.std()) < 0.045


async def test_function_words_are_left_out_where_the_text_is_given() -> None:
    text = "The port of the server is 8080, and it can be changed."
    (tokens,) = await MiniLM().embed_tokens([text])
    packer = TokenVectorPacker()
    every, some = packer.pack(tokens), packer.pack(tokens, text)
    # port, server, 80, ##80, changed
    assert len(packer.unpack(some)) == 5 < len(packer.unpack(every)) == len(tokens.vectors)


@given(place=st.integers(0, 10_000), value=st.integers(1, 255))
def test_an_altered_byte_never_passes_unseen(place: int, value: int) -> None:
    packed = bytearray(PACKER.pack(_tokens(_units(3, 64))))
    packed[place % len(packed)] ^= value
    with pytest.raises(StoreCorrupt, match="packed token vectors cannot be read"):
        TokenVectorPacker().unpack(bytes(packed))


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        TokenVectorPacker().unpack(packed)


def test_what_the_head_cannot_count_is_refused() -> None:
    with pytest.raises(InvalidInput, match="65536"):
        PACKER.pack(TokenVectors(vectors=np.zeros((1, 65_536), np.float32), offsets=((0, 1),)))


def test_the_name_tells_the_form() -> None:
    assert PACKER.name == "signs-1"
