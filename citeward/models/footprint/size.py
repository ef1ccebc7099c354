"""How much memory a model takes, and how many requests of what length fit beside it.

- Weights: parameters x bytes of their type. AWQ (J. Lin et al., 2023), GPTQ (E. Frantar et al., 2022) and the like
  quantize the layers' matrices only: embedding, head, norms and biases stay in 16 bits. Each group of weights shares a
  16-bit scale and a zero point of a weight's own width, so that a 4-bit weight in groups of 128 takes 4.16 bits.
- KV cache, a token: ``2 x layers x kv_heads x head_dim x bytes``, one key and one value for each layer (R. Pope et al.,
  "Efficiently Scaling Transformer Inference", 2022, section 3.3). A sliding window is not counted in its favour.
- What fits: of the memory, the share that the server may use (vLLM's `gpu_memory_utilization`, 0.9 by default), less
  the weights. Activations and CUDA's own context must live in what the share leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from citeward.errors import InvalidInput
from citeward.models.footprint.architecture import Architecture

BYTES = {
    "float32": 4.0,
    "float": 4.0,
    "float16": 2.0,
    "half": 2.0,
    "bfloat16": 2.0,
    "fp8": 1.0,
    "float8_e4m3fn": 1.0,
    "float8_e5m2": 1.0,
    "int8": 1.0,
}
"""Bytes of a number, by its type."""
BITS = {"fp8": 8, "int8": 8, "awq": 4, "gptq": 4, "int4": 4}
"""Bits of a weight, by how it is quantized."""
SHARE = 0.9
"""Of a device's memory, what a server may use."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """A model's memory, in bytes."""

    parameters: int
    weights: int
    kv_token: int
    """KV cache of one token."""
    window: int
    """Tokens that it was made for; 0 where nothing says."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What a memory has room for."""

    fits: bool
    """Whether the weights and at least one token go in."""
    cache: int
    """Bytes left for the KV cache."""
    tokens: int
    """That the cache holds, of all requests together."""
    sequences: int
    """Requests of the whole window at the same time; 0 where the window is unknown or not one fits."""


def size(architecture: Architecture, *, weights: str | None = None, cache: str | None = None) -> Size:
    """A model's memory.

    Args:
        architecture: The model's.
        weights: How its weights are held: a type (`bfloat16`, `float32`) or a quantization (`awq`, `gptq`, `fp8`,
            `int8`, `int4`); as its config says where None.
        cache: Type of the KV cache; that of the weights where None, 16 bits where these are quantized.

    Raises:
        InvalidInput: A type that is not known; the hint names those that are.

    Example:
        >>> llama = Architecture(name="Llama-3-8B", layers=32, hidden=4096, heads=32, kv_heads=8, head_dim=128,
        ...                      intermediate=14336, vocabulary=128256)
        >>> size(llama).parameters, size(llama).kv_token
        (8030261248, 131072)
    """
    held = weights or architecture.quantization or architecture.dtype
    known = weights is None and architecture.quantization is not None
    bits = (architecture.bits if known else None) or BITS.get(held)
    full = BYTES.get(architecture.dtype, 2.0)
    if bits is not None:
        # Where whole rows share a scale, as in fp8 and int8, there are too few of them to count.
        overhead = (16 + bits) / architecture.group if bits < 8 and architecture.group > 0 else 0.0
        total = architecture.linear * (bits + overhead) / 8 + architecture.other * min(full, 2.0)
    else:
        full = _bytes(held)
        total = architecture.parameters * full
    number = _bytes(cache) if cache else full if bits is None else min(full, 2.0)
    return Size(
        parameters=architecture.parameters,
        weights=round(total),
        kv_token=round(2 * architecture.layers * architecture.kv_heads * architecture.head_dim * number),
        window=architecture.window,
    )


def fit(model: Size, memory: int, *, share: float = SHARE, window: int | None = None) -> Fit:
    """What goes into `memory` bytes.

    Args:
        model: What takes room.
        memory: Bytes of one device, or of all that the model is spread over.
        share: Of it, what may be used, 0..1.
        window: Tokens of one request; the model's own window where None.
    """
    if not 0 < share <= 1:
        raise InvalidInput(f"a share of {share!r} makes no sense", hint="Give more than 0, and 1 at most.")
    left = max(0, int(memory * share) - model.weights)
    tokens = left // model.kv_token
    length = window or model.window
    return Fit(fits=tokens > 0, cache=left, tokens=tokens, sequences=tokens // length if length else 0)


def _bytes(name: str) -> float:
    if name not in BYTES:
        known = ", ".join(dict.fromkeys((*BYTES, *BITS)))
        raise InvalidInput(f"{name!r} is no type whose size is known", hint=f"Known are {known}.")
    return BYTES[name]
