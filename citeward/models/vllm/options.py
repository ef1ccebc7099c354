"""What vLLM is told, checked before it starts: a wrong value costs a minute once it has begun to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from citeward.errors import SettingsError

QUANTIZATIONS = frozenset(
    "awq auto_awq awq_marlin gptq auto_gptq gptq_marlin fp8 fbgemm_fp8 fp_quant fp8_per_tensor fp8_per_block "
    "fp8_per_channel mxfp8 mxfp4 gpt_oss_mxfp4 nvfp4_per_token int8_per_channel_weight_only experts_int8 "
    "compressed-tensors modelopt modelopt_fp4 modelopt_mxfp8 modelopt_mixed quark moe_wna16 torchao inc humming online "
    "deepseek_v4_fp8".split()
)
"""What vLLM 0.32 knows."""
KV_CACHE_DTYPES = frozenset("auto bfloat16 float16 fp8 fp8_e4m3 fp8_e5m2 nvfp4".split())
DTYPES = frozenset("auto half float16 bfloat16 float float32".split())
STRICT_LEVELS = frozenset({"auto", "function", "parameter"})
LORA_RANKS = frozenset({1, 8, 16, 32, 64, 128, 256, 320, 512})


@dataclass(frozen=True, kw_only=True)
class VLLMOptions:
    """How a model is served. Fields have vLLM's own names; None leaves vLLM's default.

    Raises:
        SettingsError: A value out of range; the message names the range.

    Example:
        >>> VLLMOptions(gpu_memory_utilization=1.5)
        Traceback (most recent call last):
        citeward.errors.SettingsError: gpu_memory_utilization 1.5 cannot be used
        hint: give more than 0, at most 1
    """

    host: str = "127.0.0.1"
    """Address to bind. vLLM's own default is every address."""
    port: int = 8001
    """0 takes a free one, where `VLLMServer` starts the server."""
    served_model_name: str | None = None
    """What requests call the model; its own name where None."""
    dtype: str | None = None
    """Of weights and activations, as `bfloat16`."""
    quantization: str | None = None
    """`awq` and `gptq` for weights that were quantized so; `fp8` also quantizes others as they are loaded."""
    kv_cache_dtype: str | None = None
    """`fp8` holds twice as many tokens."""
    tensor_parallel_size: int = 1
    """GPUs that share each layer; must divide the model's attention heads."""
    pipeline_parallel_size: int = 1
    """Groups of GPUs that share the layers out."""
    gpu_memory_utilization: float | None = None
    """Share of each GPU's memory, more than 0 to 1, for weights and KV cache together; of the RAM on a CPU."""
    max_model_len: int | None = None
    """Tokens of prompt and answer together; the model's own window where None."""
    max_num_seqs: int | None = None
    """Requests computed at a time; others wait."""
    max_num_batched_tokens: int | None = None
    """Tokens computed in one step."""
    enable_prefix_caching: bool | None = None
    """Whether prompts that begin alike, as those of one agent do, are computed once."""
    tool_call_parser: str | None = None
    """How the model writes calls, as `hermes` for Qwen 2.5; turns tool calls on."""
    tool_strict_level: str | None = None
    """`parameter` holds the arguments of every call to their schema; `function` the call's form alone (vLLM 0.32)."""
    reasoning_parser: str | None = None
    """How the model writes its thoughts."""
    chat_template: Path | None = None
    """A file, for models that ship none."""
    enable_lora: bool = False
    """Whether adapters can be loaded while it runs. Whoever reaches the port can then load files of that machine."""
    lora_modules: Mapping[str, str] = field(default_factory=dict)
    """Adapters loaded at the start, by name: a folder or a repository each."""
    max_loras: int | None = None
    """Adapters in one batch."""
    max_lora_rank: int | None = None
    """1, 8, 16, 32, 64, 128, 256, 320 or 512."""
    enforce_eager: bool = False
    """Starts sooner and takes less memory, and answers more slowly."""
    trust_remote_code: bool = False
    """Runs code that comes with the model."""
    python: Path | None = None
    """The Python of another environment that has vLLM; the `vllm` on the PATH where None."""
    extra: tuple[str, ...] = ()
    """Further flags, as they are: `("--seed", "1")`. Not for keys: others on the machine can read them."""

    def __post_init__(self) -> None:
        _check("host", self.host, bool(self.host.strip()), "give an address, as 127.0.0.1")
        _check("port", self.port, _whole(self.port, 0) and self.port <= 65_535, "give 0 to 65535")
        share = self.gpu_memory_utilization
        good = share is None or (isinstance(share, int | float) and 0 < share <= 1)
        _check("gpu_memory_utilization", share, good, "give more than 0, at most 1")
        for name in ("tensor_parallel_size", "pipeline_parallel_size"):
            _check(name, getattr(self, name), _whole(getattr(self, name), 1), "give 1 or more")
        for name in ("max_model_len", "max_num_seqs", "max_num_batched_tokens", "max_loras"):
            value = getattr(self, name)
            _check(name, value, value is None or _whole(value, 1), "give 1 or more")
        for name, known in (
            ("dtype", DTYPES),
            ("quantization", QUANTIZATIONS),
            ("kv_cache_dtype", KV_CACHE_DTYPES),
            ("max_lora_rank", LORA_RANKS),
            ("tool_strict_level", STRICT_LEVELS),
        ):
            value = getattr(self, name)
            told = ", ".join(str(one) for one in sorted(known))
            _check(name, value, value is None or value in known, f"give one of {told}; what is newer goes into `extra`")
        for name, where in self.lora_modules.items():
            good = bool(name.strip() and where.strip()) and "=" not in name
            _check("lora_modules", f"{name}={where}", good, "give each adapter a name without = and a place")
        flags = self.extra
        _check("extra", flags, not isinstance(flags, str) and all(isinstance(one, str) for one in flags), "give a list")
        held = any(flag.split("=")[0] == "--api-key" for flag in flags)
        _check("extra", "--api-key", not held, "set VLLM_API_KEY: a command line can be read by every user")


def _check(name: str, value: Any, good: bool, hint: str) -> None:
    if not good:
        raise SettingsError(f"{name} {value!r} cannot be used", hint=hint)


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
