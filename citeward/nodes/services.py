"""The parts that the nodes of one agent work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from citeward.contracts.cache import Cache
from citeward.contracts.metering import Meter
from citeward.contracts.model import Model, Sampling
from citeward.contracts.principal import Principal
from citeward.contracts.prompt import Prompt
from citeward.contracts.retrieval import Embedder, Filter, Reranker, Store
from citeward.contracts.routing import Router
from citeward.contracts.run import Journal
from citeward.contracts.tool import Approval, Toolset
from citeward.guardrails.policy import Rails
from citeward.models.breaker import Breakers
from citeward.models.fallback.policy import Fallback
from citeward.models.metering.memory import MemoryMeter
from citeward.nodes.journal import MemoryJournal

ToolsetFactory = Callable[[Principal], Toolset]
"""A toolset for one caller; tools that read the caller's documents close over the principal here."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far one run may go."""

    steps: int = 6
    """Model calls in one run, tool loops counted."""
    passages: int = 5
    """Passages in the prompt."""
    context_tokens: int = 2_000
    """Tokens of all passages together, as `citeward.text.tokens` estimates them."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything an agent's graph needs, each behind its contract; replace any of them."""

    agent: str
    """The agent's name, as it stands in events, cache scopes and logs."""
    version: str
    """Changes with anything that changes answers: prompt, models, policy, limits."""
    prompt: Prompt
    models: Mapping[str, Model]
    router: Router
    rails: Rails
    store: Store | None = None
    """The documents; None answers without any."""
    embedder: Embedder | None = None
    """Makes the question's vector, in the store's space; None searches by keyword only."""
    local: Embedder | None = None
    """Compares a sentence with its quote, many times an answer, so best a model on this machine; `embedder` where
    None."""
    reranker: Reranker | None = None
    tools: ToolsetFactory | None = None
    cache: Cache | None = None
    alpha: float = 0.5
    """Weight of the vector leg in hybrid search, 0..1."""
    filters: Filter | None = None
    """Applied to every search of this agent."""
    tiers: tuple[str, ...] = ()
    """Model tiers that the router may choose; empty allows every tier."""
    sampling: Sampling = field(default_factory=Sampling)
    limits: Limits = field(default_factory=Limits)
    fallback: Fallback = field(default_factory=Fallback)
    """What is done where a model fails after its first words."""
    breakers: Breakers = field(default_factory=Breakers)
    """Leave failing models alone; best one for all agents of the process."""
    meter: Meter = field(default_factory=MemoryMeter)
    """Keeps the books, and knows what may be spent; best one for all agents of the process."""
    approval: Approval = field(default_factory=Approval)
    """What is done about dangerous calls that nobody asked for."""
    journal: Journal = field(default_factory=MemoryJournal)
    """Records calls with side effects, so that none is made twice; best the checkpointer itself, when it is one
    (`SqliteThreads`, `PostgresThreads`): the default forgets with the process."""
    on_unsupported: Literal["flag", "drop"] = "flag"
    """What is done with a sentence that its citation does not support."""
    reasoning: bool = False
    """Whether the model's thinking is shown, guarded like its text; else it is dropped where it arrives."""
