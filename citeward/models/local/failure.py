"""What torch and transformers raise, as errors of ours."""

from __future__ import annotations

import re

from citeward.errors import ModelError, ModelUnavailable, Overloaded
from citeward.logs import get_logger, masked

logger = get_logger(__name__)
_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory|cannot allocate memory", re.IGNORECASE)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory was what lacked, the host's or a GPU's.

    Torch has a class for a GPU's memory; for the host's it raises a RuntimeError that says so.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and _MEMORY.search(str(error)) is not None


def not_loaded(name: str, model: str, error: Exception) -> ModelUnavailable:
    """Why a model could not be loaded."""
    detail = masked(f"{type(error).__name__}: {error}")
    logger.warning("local.not_loaded", name=name, detail=detail)
    if out_of_memory(error):
        return ModelUnavailable(
            f"there is not enough memory to load {name} ({model!r})",
            hint='Lower its precision (`quantization = "4bit"`, `dtype = "bfloat16"`), or name a smaller model; '
            "`citeward models resources` shows what fits.",
            detail=detail,
        )
    if "trust_remote_code" in str(error):
        return ModelUnavailable(
            f"{name} ({model!r}) brings Python of its own, which does not run here",
            hint="Name a model that transformers knows; or read that code, pin its `revision`, and set "
            "`trust_remote_code = true`.",
        )
    return ModelUnavailable(
        f"{name} ({model!r}) cannot be loaded ({type(error).__name__})",
        hint="Check the name or the folder; without a network the model must be on this machine already.",
        detail=detail,
    )


def not_answered(name: str, error: Exception) -> ModelError:
    """Why an answer broke off."""
    detail = masked(f"{type(error).__name__}: {error}")
    logger.warning("local.failed", name=name, detail=detail)
    if out_of_memory(error):
        return Overloaded(
            f"there is not enough memory for this answer of {name}",
            hint="Lower its `window` or `concurrency`, ask for fewer tokens, or quantize the model.",
            detail=detail,
        )
    return ModelError(
        f"{name} failed ({type(error).__name__})", hint="Ask another model, or another precision.", detail=detail
    )
