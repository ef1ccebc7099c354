import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import SettingsError
from citeward.models.vllm.options import VLLMOptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gpu_memory_utilization", 0.0),
        ("gpu_memory_utilization", 1.01),
        ("tensor_parallel_size", 0),
        ("pipeline_parallel_size", True),
        ("max_model_len", 0),
        ("max_num_seqs", -1),
        ("quantization", "q4_k_m"),
        ("kv_cache_dtype", "int2"),
        ("tool_strict_level", "very"),
        ("max_lora_rank", 12),
        ("port", 70_000),
        ("host", " "),
        ("lora_modules", {"a=b": "/x"}),
        ("extra", ("--api-key", "secret")),
    ],
)
def test_a_value_out_of_range_is_named_with_its_limit(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as told:
        VLLMOptions(**{name: value})  # type: ignore[arg-type]
    assert told.value.hint
    assert "secret" not in str(told.value)


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_every_share_of_the_memory_is_taken(share: float) -> None:
    assert VLLMOptions(gpu_memory_utilization=share).gpu_memory_utilization == share
