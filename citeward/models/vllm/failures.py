"""Why vLLM did not start, read from the end of its log, and what to change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from citeward.errors import AuthenticationFailed, CitewardError, ModelUnavailable, NotFound, SettingsError
from citeward.models.vllm.options import VLLMOptions

INSTALL = "pip install 'citeward[vllm]'"
_LINE = 300
"""Characters of vLLM's own words that an error repeats."""
_NOISE = re.compile(r"^(?:\([\w ]+pid=\d+\)\s*)?(?:[A-Z]+ \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]*\]\s*)?")
_SECRET = re.compile(r"((?:api[_-]?key|token)\W+)[\w.-]{8,}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A way in which vLLM fails, as its log shows it."""

    pattern: re.Pattern[str]
    error: Callable[..., CitewardError]
    said: str
    """What happened; `{model}` is filled in."""
    hint: str
    """The way out; options' names in braces stand for their values, `g1`, `g2` for the pattern's groups."""


def _failure(pattern: str, error: Callable[..., CitewardError], said: str, hint: str) -> Failure:
    return Failure(pattern=re.compile(pattern, re.IGNORECASE), error=error, said=said, hint=hint)


FAILURES = (
    _failure(
        r"No module named '?vllm'?\b|No package metadata was found for vllm",
        ModelUnavailable,
        "vLLM is not installed where {model} was to be served",
        f"{INSTALL}, or name the Python that has it by `python`.",
    ),
    _failure(
        r"error: (?:unrecognized arguments|argument )",
        SettingsError,
        "vLLM does not take a flag that {model} was to be served with",
        "Correct it, or take it out of `extra`; this vLLM may be older or newer than 0.32.",
    ),
    _failure(
        r"invalid (?:tool call|reasoning) parser",
        SettingsError,
        "vLLM does not know a parser that {model} was to be served with",
        "Correct `tool_call_parser` {tool_call_parser} or `reasoning_parser` {reasoning_parser}.",
    ),
    _failure(
        r"address already in use|errno 98",
        ModelUnavailable,
        "the port {port} for {model} is taken",
        "Choose another `port`, or stop what listens there.",
    ),
    _failure(
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable device|"
        r"NVIDIA driver on your system is too old|libcuda\.so",
        ModelUnavailable,
        "vLLM found no GPU that it can use for {model}",
        "Does `nvidia-smi` show one, and does its driver fit this vLLM? In a container, give it the GPUs. Without any, "
        "use the build of vLLM for the CPU (small models), or leave `extractive` as the project's model.",
    ),
    _failure(
        r"World size \((\d+)\) is larger than the number of",
        SettingsError,
        "{model} was to be spread over more GPUs than there are",
        "Lower `tensor_parallel_size` {tensor_parallel_size} or `pipeline_parallel_size` {pipeline_parallel_size}.",
    ),
    _failure(
        r"must be divisible by tensor parallel size",
        SettingsError,
        "the attention heads of {model} cannot be shared out evenly",
        "Choose a `tensor_parallel_size` other than {tensor_parallel_size} that divides them.",
    ),
    _failure(
        r"less than (?:desired|the engine's).{0,60}(?:memory utilization|budget)",
        ModelUnavailable,
        "less memory is free than vLLM was told to take for {model}",
        "Lower `gpu_memory_utilization` {gpu_memory_utilization}, or stop what else uses that memory (`nvidia-smi`).",
    ),
    _failure(
        r"max seq len.{0,400}?estimated maximum model length is (\d+)",
        ModelUnavailable,
        "out of memory: the KV cache of {model} does not hold one request of full length",
        "Lower `max_model_len` {max_model_len} to {g1} or less, set `kv_cache_dtype` to fp8, or raise "
        "`gpu_memory_utilization` {gpu_memory_utilization}.",
    ),
    _failure(
        r"KV cache is needed, which is larger|No available memory for the cache blocks",
        ModelUnavailable,
        "out of memory: the weights of {model} leave no room for its KV cache",
        "Lower `max_model_len` {max_model_len} and `max_num_seqs` {max_num_seqs}, raise `gpu_memory_utilization` "
        "{gpu_memory_utilization}, or make the weights smaller (`quantization`, or more GPUs by "
        "`tensor_parallel_size`).",
    ),
    _failure(
        r"out of memory|OutOfMemoryError|Cannot allocate memory|can't allocate memory|std::bad_alloc|MemoryError",
        ModelUnavailable,
        "out of memory while {model} was loaded",
        "Lower `gpu_memory_utilization` {gpu_memory_utilization}, `max_num_seqs` {max_num_seqs} or `max_model_len` "
        "{max_model_len}; where the weights themselves are too large, take a `quantization` or more GPUs by "
        "`tensor_parallel_size`.",
    ),
    _failure(
        r"max_model_len \((\d+)\) is greater than the derived max_model_len \(\w+=(\d+)",
        SettingsError,
        "{model} has no window of {g1} tokens",
        "Lower `max_model_len` to {g2}.",
    ),
    _failure(
        r"quantization is currently not supported in|does not match the quantization method|"
        r"quantization method \S+ is not supported|Cannot find the config file for \w+|Unknown quantization method",
        SettingsError,
        "{model} cannot be served with this quantization",
        "Leave `quantization` {quantization} out to take what the weights say, or choose one that this device has.",
    ),
    _failure(
        r"gated repo|GatedRepoError|401 Client Error|403 Client Error",
        AuthenticationFailed,
        "the repository of {model} does not let you in",
        "Accept its licence there, and set HF_TOKEN.",
    ),
    _failure(
        r"RepositoryNotFound|not a valid model identifier|Repo id must be in the form|LocalEntryNotFound|"
        r"Invalid repository ID or local directory|Cannot find any model weights|Unrecognized model in|"
        r"does not appear to have a file named config\.json",
        NotFound,
        "there is no model {model} to serve",
        "Give a folder with config.json and weights, or the name of a repository; without a network it must have been "
        "downloaded (HF_HUB_OFFLINE).",
    ),
    _failure(
        r"No adapter found for|LoRA rank \d+ is greater than max_lora_rank",
        SettingsError,
        "an adapter for {model} cannot be loaded",
        "Correct `lora_modules`, or raise `max_lora_rank` {max_lora_rank} to its rank.",
    ),
)
"""The first that the log shows is told: those that cause others stand above them."""


def diagnosed(log: str, code: int | None, *, model: str, options: VLLMOptions) -> CitewardError:
    """The error that the end of a log stands for.

    Args:
        log: What vLLM wrote last.
        code: How it exited; negative for a signal, None where it did not.
        model: What was to be served.
        options: How.
    """
    for failure in FAILURES:
        found = failure.pattern.search(log)
        if found:
            names = {name: f"({value})" for name in _NAMED if (value := getattr(options, name)) is not None}
            told = _Blank(names | {f"g{at}": text or "" for at, text in enumerate(found.groups(), 1)})
            said = failure.said.format_map(_Blank(told | {"model": repr(model), "port": str(options.port)}))
            hint = re.sub(r" +(?=[,.;]| )", "", failure.hint.format_map(told))
            return failure.error(f"{said}: {_line(log, found)}", hint=hint)
    if code == -9:
        return ModelUnavailable(
            f"vLLM was killed while it loaded {model!r}",
            hint="The machine most likely ran out of RAM: take a smaller or quantized model, or give it more.",
        )
    how = "" if code is None else f" (exit code {code})"
    last = next((line for line in reversed(log.splitlines()) if line.strip()), "it wrote nothing")
    return ModelUnavailable(f"vLLM did not start {model!r}{how}: {_clean(last)}", hint="See the whole of its log.")


_NAMED = (
    "tool_call_parser",
    "reasoning_parser",
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "gpu_memory_utilization",
    "max_model_len",
    "max_num_seqs",
    "max_lora_rank",
    "quantization",
)


class _Blank(dict[str, str]):
    """Says nothing for a name that it does not hold."""

    def __missing__(self, _: str) -> str:
        return ""


def _line(log: str, found: re.Match[str]) -> str:
    """The line in which it stands."""
    start = log.rfind("\n", 0, found.start()) + 1
    end = log.find("\n", found.start())
    return _clean(log[start : len(log) if end < 0 else end])


def _clean(line: str) -> str:
    """Without the process's name and the clock, without what may be a key, and not too long."""
    return _SECRET.sub(r"\1***", _NOISE.sub("", line.strip()))[:_LINE].strip()
