import json
from pathlib import Path
from typing import Any

import pytest

from citeward.errors import DataError
from citeward.models.footprint.architecture import read_architecture

QWEN = {
    "model_type": "qwen2",
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "max_position_embeddings": 32768,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 152064,
}
LLAMA = {
    "model_type": "llama",
    "attention_bias": False,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
MIXTRAL = LLAMA | {"model_type": "mixtral", "num_local_experts": 8, "vocab_size": 32000}
QWEN3 = {
    "model_type": "qwen3",
    "head_dim": 128,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_attention_heads": 16,
    "num_hidden_layers": 28,
    "num_key_value_heads": 8,
    "tie_word_embeddings": True,
    "vocab_size": 151936,
}


def written(folder: Path, config: Any) -> Path:
    (folder / "config.json").write_text(json.dumps(config))
    return folder / "config.json"


@pytest.mark.parametrize(
    ("config", "parameters"),
    [(QWEN, 7_615_616_512), (LLAMA, 8_030_261_248), (MIXTRAL, 46_702_792_704), (QWEN3, 596_049_920)],
    ids=["Qwen2.5-7B", "Llama-3-8B", "Mixtral-8x7B", "Qwen3-0.6B"],
)
def test_parameters_are_those_that_were_published(tmp_path: Path, config: dict[str, Any], parameters: int) -> None:
    assert read_architecture(written(tmp_path, config)).parameters == parameters


def test_a_folder_is_as_good_as_its_file(tmp_path: Path) -> None:
    written(tmp_path, LLAMA)
    read = read_architecture(tmp_path)
    assert (read.head_dim, read.window, read.dtype, read.quantization) == (128, 8192, "bfloat16", None)


def test_a_quantized_config_says_how(tmp_path: Path) -> None:
    quantized = {"quant_method": "awq", "bits": 4, "group_size": 64}
    read = read_architecture(written(tmp_path, QWEN | {"quantization_config": quantized}))
    assert (read.quantization, read.bits, read.group) == ("awq", 4, 64)


@pytest.mark.parametrize(
    ("quantized", "bits"),
    [
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 4),
        ({"quant_method": "fp8"}, 8),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4}}}}, 4),
        (None, None),
    ],
)
def test_each_method_says_its_bits_in_its_own_way(tmp_path: Path, quantized: Any, bits: int | None) -> None:
    assert read_architecture(written(tmp_path, LLAMA | {"quantization_config": quantized})).bits == bits


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "bert"}, "model_type 'bert' is not one"),
        ({key: value for key, value in LLAMA.items() if key != "vocab_size"}, "'vocab_size' is missing"),
        (LLAMA | {"hidden_size": "wide"}, "wrong kind"),
        (LLAMA | {"num_hidden_layers": 0}, "num_hidden_layers is 0"),
        ([], "no JSON object"),
    ],
)
def test_a_config_that_cannot_be_counted_says_why(tmp_path: Path, config: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_architecture(written(tmp_path, config))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.json: cannot be read"):
        read_architecture(tmp_path / "absent.json")
