"""Which model answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from citeward.contracts.retrieval import Vector


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a router may look at."""

    question: str
    tenant: str = "default"
    """Whose run this is: its allow-list and its budget are asked."""
    vector: Vector | None = field(default=None, repr=False, compare=False)
    """The question's own vector, where the search has made it already; float32[d], of unit length."""
    space: str = ""
    """The name of the embedder that made `vector`."""
    passages: int = 0
    """How many passages were found."""
    best_score: float = 0.0
    """Cosine similarity of the best passage, -1..1."""
    prompt_tokens: int = 0
    """An estimate of the prompt's length."""
    answer_tokens: int = 0
    """Tokens that the answer may have; 0 where nothing says."""
    needs_tools: bool = False
    """True where tools are on offer for this run."""
    needs_schema: bool = False
    """True where the answer has to follow a JSON schema."""
    private: bool = False
    """True where the policy says that the text must not leave local models."""
    tools_in_progress: str | None = None
    """The model that started a tool loop; it keeps the loop."""
    thread_model: str | None = None
    """The model that was chosen for the thread's last question."""
    spent: float = 0.0
    """US dollars that this run has cost so far."""
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
    """In plain words, for a person."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """The numbers behind the reason: `difficulty` and its `threshold`, and what else was weighed."""


class Router(Protocol):
    """Chooses a model for one question."""

    async def choose(self, features: Features, /) -> Route:
        """The route; raises NotFound where no model fits, BudgetSpent where money is all that is lacking."""
        ...


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a model's server is doing."""

    healthy: bool = True
    """False where it does not answer, or has failed too often to be asked now."""
    waiting: int = 0
    """Requests in its queue (vLLM: `vllm:num_requests_waiting`)."""
    kv_cache_usage: float = 0.0
    """Share of its KV cache in use, 0..1 (vLLM: `vllm:kv_cache_usage_perc`)."""


class Monitor(Protocol):
    """Knows how models' servers are doing."""

    def status(self, model: str, /) -> Status | None:
        """What was last seen of the model, at once: a route never waits for it. None where nothing is known."""
        ...


class Budget(Protocol):
    """Knows what may still be spent."""

    async def left(self, tenant: str, /, *, spent: float = 0.0) -> float | None:
        """US dollars: the least of what is left to the tenant today and to a run that has cost `spent` so far.

        None where there is no limit; 0 or less where there is nothing left.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Difficulty:
    """How much a question is in need of a larger model."""

    value: float
    """0..1; from the router's threshold on, a larger tier answers."""
    reason: str
    """Where it comes from, in plain words."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """The numbers that it was made of."""


class Scorer(Protocol):
    """Judges a question's difficulty."""

    @property
    def threshold(self) -> float:
        """The difficulty from which a larger tier should answer, where the settings name none."""
        ...

    async def judge(self, features: Features, /) -> Difficulty:
        """The difficulty of the question; the same question is always as difficult."""
        ...
