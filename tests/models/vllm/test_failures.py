"""Lines as vLLM 0.32 writes them, and what is made of them."""

import pytest

from citeward.errors import (
    AuthenticationFailed,
    CitewardError,
    ModelUnavailable,
    NotFound,
    SettingsError,
)
from citeward.models.vllm.failures import diagnosed
from citeward.models.vllm.options import VLLMOptions

OPTIONS = VLLMOptions(
    gpu_memory_utilization=0.9, max_model_len=8192, max_num_seqs=64, tensor_parallel_size=4, quantization="awq"
)


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("/usr/bin/python: No module named vllm", ModelUnavailable, "citeward[vllm]"),
        ("api_server.py: error: unrecognized arguments: --no-such-flag", SettingsError, "`extra`"),
        ("KeyError: invalid tool call parser: hermess (chose from { hermes })", SettingsError, "`tool_call_parser`"),
        ("OSError: [Errno 98] Address already in use", ModelUnavailable, "`port`"),
        ("RuntimeError: Failed to infer device type, please set", ModelUnavailable, "nvidia-smi"),
        ("RuntimeError: No CUDA GPUs are available", ModelUnavailable, "nvidia-smi"),
        ("ValueError: World size (4) is larger than the number of available GPUs (1)", SettingsError, "(4)"),
        (
            "ValueError: Total number of attention heads (14) must be divisible by tensor parallel size (4).",
            SettingsError,
            "`tensor_parallel_size` other than (4)",
        ),
        (
            "ValueError: Free memory on device cuda:0 (10.1/79.2 GiB) on startup is less than desired GPU memory "
            "utilization (0.9, 71.3 GiB). Decrease GPU memory utilization or reduce GPU memory used by others.",
            ModelUnavailable,
            "Lower `gpu_memory_utilization` (0.9)",
        ),
        (
            "ValueError: To serve at least one request with the model's max seq len (8192), (4.0 GiB KV cache is "
            "needed, which is larger than the available KV cache memory (2.0 GiB). Based on the available memory, the "
            "estimated maximum model length is 4096. Try increasing `gpu_memory_utilization`",
            ModelUnavailable,
            "Lower `max_model_len` (8192) to 4096",
        ),
        ("ValueError: No available memory for the cache blocks. Try", ModelUnavailable, "`max_num_seqs` (64)"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1 GiB", ModelUnavailable, "`quantization`"),
        (
            "Value error, User-specified max_model_len (100000) is greater than the derived max_model_len "
            "(max_position_embeddings=2048.0 or model_max_length=None in model's config.json).",
            SettingsError,
            "to 2048",
        ),
        ("awq quantization is currently not supported in cpu.", SettingsError, "`quantization` (awq)"),
        ("GatedRepoError: 401 Client Error. Access to model x is restricted", AuthenticationFailed, "HF_TOKEN"),
        ("HFValidationError: Repo id must be in the form 'repo_name': '/none'.", NotFound, "config.json"),
        ("LocalEntryNotFoundError: Cannot find an appropriate cached snapshot", NotFound, "HF_HUB_OFFLINE"),
        ("Loading lora b failed: No adapter found for /nowhere", SettingsError, "`lora_modules`"),
    ],
)
def test_each_failure_is_named_with_what_to_change(line: str, error: type[CitewardError], hint: str) -> None:
    log = (
        f"INFO starting\n(APIServer pid=12) ERROR 11-21 11:48:09 [core.py:501] {line}\nTraceback (most recent call):\n"
    )
    made = diagnosed(log, 1, model="m", options=OPTIONS)
    assert type(made) is error
    assert hint in made.hint
    assert line[:60] in made.message
    assert "pid=" not in made.message
    assert "{" not in made.hint
    assert "  " not in made.hint
    assert " ," not in made.hint


def test_options_that_were_not_given_are_named_without_a_value() -> None:
    made = diagnosed("CUDA out of memory", 1, model="m", options=VLLMOptions())
    assert "Lower `gpu_memory_utilization`, `max_num_seqs` or `max_model_len`;" in made.hint


def test_what_nobody_knows_is_told_by_its_last_line_and_without_keys() -> None:
    made = diagnosed("Something\nodd: api_key='sk-1234567890'\n\n", 3, model="m", options=VLLMOptions())
    assert isinstance(made, ModelUnavailable)
    assert "exit code 3" in made.message
    assert "odd" in made.message
    assert "1234567890" not in made.message


def test_one_that_was_killed_ran_out_of_ram_most_likely() -> None:
    assert "RAM" in diagnosed("", -9, model="m", options=VLLMOptions()).hint
