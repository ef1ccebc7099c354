from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import InvalidInput
from citeward.models.footprint.architecture import Architecture
from citeward.models.footprint.size import BITS, BYTES, fit, size

GB = 1_000_000_000
GIB = 1024**3
QWEN = Architecture(
    name="Qwen2.5-7B",
    layers=28,
    hidden=3584,
    heads=28,
    kv_heads=4,
    head_dim=128,
    intermediate=18944,
    vocabulary=152064,
    qkv_bias=True,
    window=32768,
)
LLAMA = Architecture(
    name="Llama-3-8B",
    layers=32,
    hidden=4096,
    heads=32,
    kv_heads=8,
    head_dim=128,
    intermediate=14336,
    vocabulary=128256,
    window=8192,
)


def test_16_bits_are_two_bytes_a_parameter() -> None:
    assert size(QWEN).weights == 2 * 7_615_616_512
    assert size(LLAMA).weights == 2 * 8_030_261_248
    assert size(LLAMA, weights="float32").weights == 4 * 8_030_261_248


def test_the_cache_counts_key_value_heads_and_not_heads() -> None:
    assert size(QWEN).kv_token == 28 * 4 * 128 * 2 * 2 == 57_344
    assert size(LLAMA).kv_token == 32 * 8 * 128 * 2 * 2 == 131_072
    assert size(LLAMA, cache="fp8").kv_token == 65_536
    assert size(LLAMA, weights="awq").kv_token == 131_072


def test_quantization_leaves_embedding_and_head_as_they_are() -> None:
    # The published files of Qwen2.5-7B-Instruct-AWQ hold 5.57 GB.
    assert size(QWEN, weights="awq").weights == pytest.approx(5.57 * GB, rel=0.005)
    stored = replace(QWEN, quantization="awq", bits=4)
    assert size(stored) == size(QWEN, weights="awq")
    assert size(QWEN, weights="fp8").weights == QWEN.linear + 2 * QWEN.other


def test_what_fits_is_the_share_less_the_weights() -> None:
    found = fit(size(LLAMA), 24 * GIB)
    left = int(24 * GIB * 0.9) - 2 * 8_030_261_248
    assert (found.fits, found.cache, found.tokens) == (True, left, left // 131_072)
    assert found.sequences == found.tokens // 8192 == 6
    assert fit(size(LLAMA), 24 * GIB, window=1024).sequences == found.tokens // 1024


def test_what_does_not_fit_says_so() -> None:
    found = fit(size(LLAMA), 16 * GIB)
    assert (found.fits, found.tokens, found.sequences) == (False, 0, 0)
    assert fit(size(LLAMA, weights="awq"), 16 * GIB).fits


def test_an_unknown_type_or_share_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"'fp2' is no type.*\nhint: Known are float32"):
        size(LLAMA, weights="fp2")
    with pytest.raises(InvalidInput, match="share of 0"):
        fit(size(LLAMA), GIB, share=0)


@given(weights=st.sampled_from(sorted({*BYTES, *BITS})), memory=st.integers(0, 2**41), window=st.integers(1, 2**20))
def test_weights_and_what_fits_never_take_more_than_there_is(weights: str, memory: int, window: int) -> None:
    model = size(LLAMA, weights=weights)
    found = fit(model, memory, window=window)
    if found.fits:
        assert model.weights + found.tokens * model.kv_token <= memory * 0.9
    assert found.sequences * window <= found.tokens
