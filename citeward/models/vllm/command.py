"""The command that serves a model, and the same settings as arguments of `vllm.LLM`."""

from __future__ import annotations

from typing import Any

from citeward.errors import SettingsError
from citeward.models.vllm.options import VLLMOptions

_ENGINE = (
    "dtype",
    "quantization",
    "kv_cache_dtype",
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "gpu_memory_utilization",
    "max_model_len",
    "max_num_seqs",
    "max_num_batched_tokens",
    "enable_prefix_caching",
    "enable_lora",
    "max_loras",
    "max_lora_rank",
    "enforce_eager",
    "trust_remote_code",
)
_MODULE = "vllm.entrypoints.openai.api_server"


def engine_arguments(options: VLLMOptions) -> dict[str, Any]:
    """What is not vLLM's default, as `vllm.LLM` takes it."""
    given = {name: getattr(options, name) for name in _ENGINE}
    given["enable_lora"] = options.enable_lora or bool(options.lora_modules)
    off = {"tensor_parallel_size": 1, "pipeline_parallel_size": 1, "enable_lora": False}
    off |= {"enforce_eager": False, "trust_remote_code": False}
    return {name: value for name, value in given.items() if value is not None and value != off.get(name)}


def serve_command(model: str, options: VLLMOptions) -> list[str]:
    """The words of the command, ready for a process; flags are those of vLLM 0.32.

    Args:
        model: Name of a repository, or a folder.
        options: How it is served.

    Raises:
        SettingsError: The model has no name, or one that would be read as a flag.

    Example:
        >>> " ".join(serve_command("Qwen/Qwen2.5-7B-Instruct-AWQ", VLLMOptions(max_model_len=8192)))
        'vllm serve Qwen/Qwen2.5-7B-Instruct-AWQ --host 127.0.0.1 --port 8001 --max-model-len 8192'
    """
    if not model.strip() or model.startswith("-"):
        raise SettingsError(f"{model!r} is no model", hint="Give the name of a repository, or a folder.")
    # The module does what the script does, and is there wherever vLLM is: some builds for the CPU break the script.
    start = ["vllm", "serve", model] if options.python is None else [str(options.python), "-m", _MODULE]
    command = [*start, *([] if options.python is None else ["--model", model])]
    command += ["--host", options.host, "--port", str(options.port)]
    if options.served_model_name:
        command += ["--served-model-name", options.served_model_name]
    for name, value in engine_arguments(options).items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            command += [f"--{flag}", str(value)]
    if options.tool_call_parser:
        command += ["--enable-auto-tool-choice", "--tool-call-parser", options.tool_call_parser]
    if options.tool_strict_level:
        command += ["--tool-strict-level", options.tool_strict_level]
    if options.reasoning_parser:
        command += ["--reasoning-parser", options.reasoning_parser]
    if options.chat_template:
        command += ["--chat-template", str(options.chat_template)]
    if options.lora_modules:
        command += ["--lora-modules", *(f"{name}={place}" for name, place in options.lora_modules.items())]
    return [*command, *options.extra]


def serve_environment(options: VLLMOptions) -> dict[str, str]:
    """Variables that the command needs beside the environment."""
    return {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"} if options.enable_lora else {}
