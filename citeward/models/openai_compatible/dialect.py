"""Where servers of one protocol differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a server calls things, and which extensions it takes."""

    max_tokens: str = "max_tokens"
    """Name of the field that limits the answer."""
    top_k: bool = True
    """Whether it takes `top_k`."""
    continues: bool = False
    """Whether it can go on with an assistant's message that was begun (vLLM's `continue_final_message`)."""


VLLM = Dialect(continues=True)
OPENAI = Dialect(max_tokens="max_completion_tokens", top_k=False)
GENERIC = Dialect()
