"""A decoder's shape, as its Hugging Face `config.json` tells it, and how many parameters that makes.

The count is exact for decoders built as Llama is (H. Touvron et al., "LLaMA", 2023): embedding, layers of grouped-query
attention (J. Ainslie et al., "GQA", 2023) and a gated MLP (N. Shazeer, "GLU Variants Improve Transformer", 2020), each
with two norms, a last norm, and a head that may share the embedding. With hidden size h, head size d, H heads, K
key-value heads and MLP width i, a layer has ``2hHd + 2hKd`` for attention, ``3hi`` for each expert's MLP and ``2h`` for
its norms; embedding and head have ``vocabulary x h`` each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.errors import DataError

_QKV_BIAS = ("qwen2",)
"""Types whose query, key and value always have biases, which their config does not say."""
_QK_NORM = ("qwen3", "qwen3_moe")
"""Types that norm each query's and key's head."""
TYPES = ("llama", "mistral", "mixtral", "phi3", *_QKV_BIAS, *_QK_NORM)
"""Values of `model_type` that are counted."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What a model's size depends on."""

    name: str
    """As the config names it; else its type."""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    """Width of the MLP, of one expert where there are several."""
    vocabulary: int
    experts: int = 1
    tied: bool = False
    """Whether the head shares the embedding's weights."""
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    qk_norm: bool = False
    window: int = 0
    """Tokens that it was made for; 0 where the config does not say."""
    dtype: str = "bfloat16"
    """Of the stored weights, those that are not quantized."""
    quantization: str | None = None
    """`awq`, `gptq`, `fp8`… as the config says; None for none."""
    bits: int | None = None
    """Of a quantized weight."""
    group: int = 128
    """Quantized weights that share a scale; 0 or less where a whole row does."""

    @property
    def linear(self) -> int:
        """Parameters in the layers' matrices, which are what quantization makes smaller."""
        attention = 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        return self.layers * (attention + self.experts * 3 * self.hidden * self.intermediate)

    @property
    def other(self) -> int:
        """Parameters outside them: embedding, head, norms, biases, the experts' router."""
        width = self.head_dim * (self.heads + 2 * self.kv_heads)
        layer = 2 * self.hidden
        layer += width if self.qkv_bias else 0
        layer += self.hidden if self.output_bias else 0
        layer += 2 * self.intermediate + self.hidden if self.mlp_bias else 0
        layer += 2 * self.head_dim if self.qk_norm else 0
        layer += self.hidden * self.experts if self.experts > 1 else 0
        return self.vocabulary * self.hidden * (1 if self.tied else 2) + self.layers * layer + self.hidden

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.linear + self.other


def read_architecture(path: Path) -> Architecture:
    """The architecture in a `config.json`, or in a folder that holds one.

    Raises:
        DataError: It cannot be read, lacks a field, or is of a type whose parameters are not counted here.
    """
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot be read: {error}", hint="Name a model's config.json, or its folder.", path=str(file)
        ) from error
    if not isinstance(config, dict):
        raise DataError("is no JSON object", hint="Name a model's config.json.", path=str(file))
    kind = config.get("model_type")
    if kind not in TYPES:
        raise DataError(
            f"model_type {kind!r} is not one whose parameters are counted here",
            hint=f"Counted are {', '.join(TYPES)}.",
            path=str(file),
        )
    try:
        return _architecture(config, kind)
    except KeyError as error:
        raise DataError(f"{error.args[0]!r} is missing", hint="Is it the whole config?", path=str(file)) from error
    except (TypeError, ValueError) as error:
        raise DataError(
            f"a field is of the wrong kind: {error}", hint="Is it the whole config?", path=str(file)
        ) from error


def _architecture(config: Mapping[str, Any], kind: str) -> Architecture:
    hidden, heads = _positive(config, "hidden_size"), _positive(config, "num_attention_heads")
    experts = int(config.get("num_local_experts") or config.get("num_experts") or 1)
    quantized = config.get("quantization_config") or {}
    method = quantized.get("quant_method")
    bias = bool(config.get("attention_bias", False))
    return Architecture(
        name=str(config.get("_name_or_path") or kind),
        layers=_positive(config, "num_hidden_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
        intermediate=_positive(config, "moe_intermediate_size" if kind == "qwen3_moe" else "intermediate_size"),
        vocabulary=_positive(config, "vocab_size"),
        experts=experts,
        tied=bool(config.get("tie_word_embeddings", False)),
        qkv_bias=bias or kind in _QKV_BIAS,
        output_bias=bias,
        mlp_bias=bool(config.get("mlp_bias", False)),
        qk_norm=kind in _QK_NORM,
        window=int(config.get("max_position_embeddings") or 0),
        dtype=str(config.get("torch_dtype") or config.get("dtype") or "bfloat16"),
        quantization=str(method) if method else None,
        bits=_bits(quantized),
        group=int(quantized.get("group_size") or 128),
    )


def _positive(config: Mapping[str, Any], field: str) -> int:
    value = int(config[field])
    if value <= 0:
        raise ValueError(f"{field} is {value!r}")
    return value


def _bits(quantized: Mapping[str, Any]) -> int | None:
    """Of a quantized weight, as the methods' own configs say it."""
    groups = quantized.get("config_groups")
    if isinstance(groups, Mapping) and groups:  # compressed-tensors
        told = next(iter(groups.values()))["weights"]
        return int(told["num_bits"])
    if quantized.get("load_in_4bit"):
        return 4
    if quantized.get("bits") or quantized.get("w_bit"):
        return int(quantized.get("bits") or quantized["w_bit"])
    return 8 if quantized else None
