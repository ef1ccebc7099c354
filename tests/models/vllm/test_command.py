import re
import subprocess
from pathlib import Path

import pytest

from citeward.errors import SettingsError
from citeward.models.vllm.command import engine_arguments, serve_command, serve_environment
from citeward.models.vllm.options import VLLMOptions

FULL = VLLMOptions(
    served_model_name="mine",
    dtype="bfloat16",
    quantization="awq",
    kv_cache_dtype="fp8",
    tensor_parallel_size=2,
    pipeline_parallel_size=2,
    gpu_memory_utilization=0.85,
    max_model_len=8192,
    max_num_seqs=64,
    max_num_batched_tokens=4096,
    enable_prefix_caching=True,
    tool_call_parser="hermes",
    tool_strict_level="parameter",
    reasoning_parser="qwen3",
    chat_template=Path("chat.jinja"),
    enable_lora=True,
    lora_modules={"a": "/x", "b": "/y"},
    max_loras=2,
    max_lora_rank=32,
    enforce_eager=True,
    trust_remote_code=True,
    extra=("--seed", "1"),
)


def test_what_is_vllm_s_default_is_left_out() -> None:
    assert serve_command("m", VLLMOptions()) == ["vllm", "serve", "m", "--host", "127.0.0.1", "--port", "8001"]
    assert engine_arguments(VLLMOptions()) == {}


def test_every_option_becomes_its_flag() -> None:
    words = serve_command("m", FULL)
    assert words[words.index("--tensor-parallel-size") + 1] == "2"
    assert words[words.index("--gpu-memory-utilization") + 1] == "0.85"
    assert words[words.index("--lora-modules") + 1 :][:2] == ["a=/x", "b=/y"]
    assert {"--enable-prefix-caching", "--enable-auto-tool-choice", "--enable-lora", "--enforce-eager"} <= set(words)
    assert words[-2:] == ["--seed", "1"]
    assert "--no-enable-prefix-caching" in serve_command("m", VLLMOptions(enable_prefix_caching=False))


def test_another_python_runs_the_same_server() -> None:
    words = serve_command("m", VLLMOptions(python=Path("/opt/python")))
    assert words[:5] == ["/opt/python", "-m", "vllm.entrypoints.openai.api_server", "--model", "m"]


def test_adapters_from_the_start_need_no_open_door() -> None:
    options = VLLMOptions(lora_modules={"a": "/x"})
    assert "--enable-lora" in serve_command("m", options)
    assert serve_environment(options) == {}
    assert serve_environment(VLLMOptions(enable_lora=True)) == {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}


@pytest.mark.parametrize("model", ["", " ", "--port"])
def test_what_is_no_model_is_refused(model: str) -> None:
    with pytest.raises(SettingsError):
        serve_command(model, VLLMOptions())


def test_the_real_vllm_knows_every_flag(vllm_python: Path) -> None:
    command = [str(vllm_python), "-m", "vllm.entrypoints.openai.api_server", "--help=all"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    known = set(re.findall(r"--[\w-]+", told))
    assert {word for word in serve_command("m", FULL) if word.startswith("--")} <= known
