"""Loading a model into this process."""

from __future__ import annotations

import importlib.util
import threading
from typing import Any

from citeward.contracts.model import ModelInfo
from citeward.errors import CitewardError, ModelUnavailable
from citeward.models.local.failure import not_loaded
from citeward.models.local.generation import Loaded
from citeward.models.local.markup import form_of
from citeward.models.local.model import LocalModel
from citeward.models.local.options import LocalOptions

EXTRA = "pip install 'citeward[local]'"


def load_local(model: str, *, info: ModelInfo, options: LocalOptions | None = None) -> LocalModel:
    """The model, loaded; this takes as long as its weights take to be read, and blocks.

    Args:
        model: Its folder, or its name on the hub.
        info: What the router and people need to know of it.
        options: How it is loaded and run.

    Raises:
        ModelUnavailable: transformers is not installed; the model is not there, needs code of its own, has no chat
            template or does not fit into memory; the device is not there, or cannot quantize.
    """
    options = options or LocalOptions()
    try:
        import torch
        import transformers
    except ImportError as error:
        raise missing(info.name, str(error)) from error
    device = _device(info.name, options, torch)
    arguments: dict[str, Any] = {"revision": options.revision, "trust_remote_code": options.trust_remote_code}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, **arguments)
        template = _template(info.name, tokenizer)
        held = transformers.AutoModelForCausalLM.from_pretrained(
            model, **arguments, **_placing(device), **_precision(info.name, options, torch, transformers)
        )
    except CitewardError:
        raise
    except Exception as error:  # the hub's, torch's and the tokenizer's errors share no base of their own
        raise not_loaded(info.name, model, error) from error
    held.eval()
    window = getattr(held.config.get_text_config(), "max_position_embeddings", None) or info.window
    loaded = Loaded(
        name=info.name,
        model=held,
        tokenizer=tokenizer,
        form=form_of(template),
        window=min(info.window, window),
        options=options,
        encoding=threading.Lock(),
    )
    return LocalModel(loaded, info=info)


def installed() -> bool:
    """Whether the extra is there, without importing it."""
    return all(importlib.util.find_spec(module) is not None for module in ("torch", "transformers"))


def missing(name: str, reason: str) -> ModelUnavailable:
    """The error of a model whose extra is not installed."""
    return ModelUnavailable(f"model {name!r} needs torch and transformers: {reason}", hint=EXTRA)


def _device(name: str, options: LocalOptions, torch: Any) -> str:
    """`cpu`, `cuda`, `cuda:N`, or `auto` for all the GPUs there are."""
    if options.device == "auto":
        return "auto" if torch.cuda.is_available() else "cpu"
    if options.device.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        place = options.device.partition(":")[2]
        if int(place or 0) >= count:
            raise ModelUnavailable(
                f"model {name!r} is to run on {options.device!r}, and torch sees {count} GPUs here",
                hint='Set `device = "auto"` or "cpu", or see whether the driver works (`nvidia-smi`).',
            )
    return options.device


def _placing(device: str) -> dict[str, Any]:
    return {"device_map": device if device == "auto" else {"": device}}


def _precision(name: str, options: LocalOptions, torch: Any, transformers: Any) -> dict[str, Any]:
    dtype = "auto" if options.dtype == "auto" else getattr(torch, options.dtype)
    if options.quantization == "none":
        return {"dtype": dtype}
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelUnavailable(
            f"model {name!r} is to be quantized to {options.quantization!r} by bitsandbytes, which is not installed",
            hint=f'{EXTRA}; where there is no bitsandbytes for the machine, set `quantization = "none"`',
        )
    if options.quantization == "8bit":
        # It multiplies in float16, whatever the rest is held in.
        dtype = torch.float16 if dtype == "auto" else dtype
        return {"dtype": dtype, "quantization_config": transformers.BitsAndBytesConfig(load_in_8bit=True)}
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16 if dtype == "auto" else dtype,
    )
    return {"dtype": dtype, "quantization_config": config}


def _template(name: str, tokenizer: Any) -> str:
    try:
        return str(tokenizer.get_chat_template(tools=[]))
    except ValueError as error:
        raise ModelUnavailable(
            f"model {name!r} has no chat template, so it cannot tell a question from an answer",
            hint="Name the model's chat variant, often called `instruct`.",
        ) from error
