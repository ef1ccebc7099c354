"""What may be said of a model that runs in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from citeward.errors import SettingsError

Quantization: TypeAlias = Literal["none", "8bit", "4bit"]
Dtype: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class LocalOptions:
    """How a model is loaded and run.

    Raises:
        SettingsError: `concurrency` is below 1.
    """

    quantization: Quantization = "none"
    """Of the layers' weights, by bitsandbytes; `4bit` is NF4 (T. Dettmers et al., "QLoRA", 2023)."""
    dtype: Dtype = "auto"
    """Of the weights that are not quantized; `auto` keeps that of the files."""
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`…; `auto` takes the GPUs, and spreads the model over them, where there are any."""
    concurrency: int = 1
    """Answers that are written at the same time; further calls wait for one of them to end."""
    revision: str | None = None
    """Of the model's files, where it comes from a hub: a branch, tag or commit."""
    trust_remote_code: bool = False
    """Whether Python that comes with the model's files may run."""
    template: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the chat template, as `{"enable_thinking": False}`."""

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise SettingsError(f"{self.concurrency!r} answers at a time are none", hint="Give 1 or more.")
