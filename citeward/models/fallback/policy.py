"""What is done where a model fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Switch: TypeAlias = Literal["replace", "continue", "restart"]
"""How one model follows another: unnoticed, from where it stopped, or with what was said withdrawn."""


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """How a failing model is followed by the next one once text has been released; before that it is replaced."""

    after_first_token: Literal["continue", "restart", "error"] = "continue"
    """`continue` lets the next model go on from the text so far; `restart` withdraws it; `error` ends the run."""
