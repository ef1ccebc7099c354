from pathlib import Path

import pytest

from citeward.errors import SettingsError
from citeward.models.vllm.options import VLLMOptions
from citeward.models.vllm.reading import assigned, names, read_options


def test_text_is_turned_into_what_each_option_takes() -> None:
    texts = [
        "tensor-parallel-size=2",
        "gpu_memory_utilization=0.85",
        "enable_prefix_caching=no",
        "enable_lora=true",
        "lora_modules=a=/x, b=/y",
        "python=/opt/python",
        "extra=--seed 1",
        "quantization=awq",
    ]
    assert read_options(assigned(texts)) == VLLMOptions(
        tensor_parallel_size=2,
        gpu_memory_utilization=0.85,
        enable_prefix_caching=False,
        enable_lora=True,
        lora_modules={"a": "/x", "b": "/y"},
        python=Path("/opt/python"),
        extra=("--seed", "1"),
        quantization="awq",
    )


def test_a_table_of_toml_is_read_as_it_is() -> None:
    table = {"max_model_len": 8192, "lora_modules": {"a": "/x"}, "extra": ["--seed", "1"], "gpu_memory_utilization": 1}
    options = read_options(table)
    assert (options.max_model_len, options.lora_modules, options.extra) == (8192, {"a": "/x"}, ("--seed", "1"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tensor_parallel_size", "two"),
        ("tensor_parallel_size", 1.5),
        ("tensor_parallel_size", True),
        ("enable_lora", "maybe"),
        ("enable_lora", 1),
        ("host", 4),
        ("lora_modules", 4),
        ("extra", 4),
        ("gpu_memory_utilization", "most"),
    ],
)
def test_a_value_that_an_option_cannot_take_is_named(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        read_options({name: value})


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match="'tensor_paralel'") as told:
        read_options({"tensor_paralel": 2})
    assert all(name in told.value.hint for name in names())


def test_text_without_a_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="'quantization'"):
        assigned(["quantization"])
