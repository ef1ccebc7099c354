"""Which model answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a router may look at."""

    question: str
    passages: int = 0
    """How many passages were found."""
    best_score: float = 0.0
    """Cosine similarity of the best passage, -1..1."""
    prompt_tokens: int = 0
    """An estimate of the prompt's length."""
    needs_tools: bool = False
    """True where tools are on offer for this run."""
    private: bool = False
    """True where the policy says that the text must not leave local models."""
    tools_in_progress: str | None = None
    """The model that started a tool loop; it keeps the loop."""
    tiers: tuple[str, ...] = ()
    """The tiers that the agent allows; empty allows every tier."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """The router's choice, with its reason."""

    tier: str
    model: str
    """The chosen model's name in the registry."""
    fallbacks: tuple[str, ...] = ()
    """Models to try in turn where the chosen one fails before its first token."""
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


class Router(Protocol):
    """Chooses a model for one question."""

    async def choose(self, features: Features, /) -> Route:
        """The route; raises NotFound where no model fits, naming what each one lacked."""
        ...
