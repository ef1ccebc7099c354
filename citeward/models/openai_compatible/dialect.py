"""Where servers of one protocol differ."""

from __future__ import annotations

from dataclasses import dataclass

from citeward.models.openai_compatible.strict import Strictness


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a server calls things, and which extensions it takes."""

    max_tokens: str = "max_tokens"
    """Name of the field that limits the answer."""
    top_k: bool = True
    """Whether it takes `top_k`."""
    continues: bool = False
    """Whether it can go on with an assistant's message that was begun (vLLM's `continue_final_message`)."""
    strict_tools: Strictness = "never"
    """Which tools' calls it can be told to hold to their schemas."""


VLLM = Dialect(continues=True, strict_tools="plain")
OPENAI = Dialect(max_tokens="max_completion_tokens", top_k=False, strict_tools="closed")
GENERIC = Dialect()
