"""Puts an agent together from its declaration and the parts at hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langchain_core.tools import BaseTool
from langgraph.types import Checkpointer

from citeward.agents.agent import Agent
from citeward.agents.discreet import discreet_embedder, discreet_reranker
from citeward.agents.spec import AgentSpec
from citeward.contracts.cache import Cache
from citeward.contracts.metering import Meter
from citeward.contracts.model import Model
from citeward.contracts.principal import Principal
from citeward.contracts.retrieval import Embedder, Reranker, Store
from citeward.contracts.routing import Router
from citeward.contracts.tool import Toolset
from citeward.errors import NotFound
from citeward.graphs.chat import ChatGraph
from citeward.graphs.leases import journal_of
from citeward.guardrails.policy import Rails
from citeward.models.breaker import Breakers
from citeward.models.fallback.policy import Fallback
from citeward.models.metering.memory import MemoryMeter
from citeward.nodes.services import Services, ToolsetFactory
from citeward.prompts.template import Template
from citeward.tools.builtin import FUNCTIONS, SEARCH
from citeward.tools.search import search_toolset
from citeward.tools.toolset import FunctionToolset
from citeward.tools.wrappers import combined, declared

T = TypeVar("T")
GraphBuilder = Callable[[Services], ChatGraph]
ToolSource = Callable[..., Any] | BaseTool
"""A typed function, or a LangChain tool."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What all agents of a project share."""

    models: Mapping[str, Model]
    router: Router
    rails: Rails
    prompts: Mapping[str, Template]
    tools: Mapping[str, ToolSource]
    """The project's own functions, by name."""
    graphs: Mapping[str, GraphBuilder]
    store: Store | None = None
    embedder: Embedder | None = None
    local: Embedder | None = None
    """Compares texts on this machine; `embedder` where None."""
    reranker: Reranker | None = None
    cache: Cache | None = None
    fallback: Fallback = field(default_factory=Fallback)
    breakers: Breakers = field(default_factory=Breakers)
    meter: Meter = field(default_factory=MemoryMeter)
    checkpointer: Checkpointer = None


def build_agent(spec: AgentSpec, parts: Parts) -> Agent:
    """The agent with its graph compiled.

    Raises:
        NotFound: The declaration names a prompt, tool, graph or tier that is not there.
    """
    prompt = _named(parts.prompts, spec.prompt, "prompt", spec)
    tiers = {model.info.tier for model in parts.models.values()}
    if unknown := [tier for tier in spec.tiers if tier not in tiers]:
        raise _unknown("tier", unknown[0], sorted(tiers), spec)
    services = Services(
        agent=spec.name,
        version=_version(spec, prompt, parts),
        prompt=prompt,
        models=parts.models,
        router=parts.router,
        rails=parts.rails,
        store=parts.store if spec.retrieval.documents else None,
        embedder=parts.embedder,
        local=parts.local,
        reranker=parts.reranker,
        tools=_tools(spec, parts),
        cache=parts.cache,
        fallback=parts.fallback,
        breakers=parts.breakers,
        meter=parts.meter,
        alpha=spec.retrieval.alpha,
        filters=spec.retrieval.filters(),
        tiers=spec.tiers,
        sampling=spec.sampling.sampling(),
        limits=spec.run_limits(),
        approval=spec.approval.approval(),
        journal=journal_of(parts.checkpointer),
        on_unsupported=spec.on_unsupported,
        reasoning=spec.reasoning,
    )
    graph = _named(parts.graphs, spec.graph, "graph", spec)(services)
    return Agent(spec=spec, services=services, graph=graph.compile(checkpointer=parts.checkpointer, name=spec.name))


def _tools(spec: AgentSpec, parts: Parts) -> ToolsetFactory | None:
    if not spec.tools:
        return None
    known: Mapping[str, ToolSource] = {**FUNCTIONS, **parts.tools}
    wanted = [name for name in spec.tools if name != SEARCH]
    fixed = FunctionToolset([_named(known, name, "tool", spec) for name in wanted], cap=spec.limits.tool_output)
    if SEARCH not in spec.tools or parts.store is None:
        whole = declared(fixed, spec.personal_data)
        return lambda _: whole
    store, filters = parts.store, spec.retrieval.filters()
    embedder = discreet_embedder(parts.embedder, parts.rails)
    reranker = discreet_reranker(parts.reranker, parts.rails)

    def for_principal(principal: Principal) -> Toolset:
        search = search_toolset(
            store, embedder, reranker=reranker, tenant=principal.tenant, groups=principal.groups, filters=filters
        )
        return declared(combined(fixed, search), spec.personal_data)

    return for_principal


def _version(spec: AgentSpec, prompt: Template, parts: Parts) -> str:
    """A hash of everything that changes answers, 12 hex digits."""
    reranker = parts.reranker.name if parts.reranker else ""
    seen = [
        spec.model_dump_json(),
        prompt.content_hash,
        [repr(parts.models[name].info) for name in sorted(parts.models)],
        parts.rails.policy.content_hash,
        reranker,
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:12]


def _named(known: Mapping[str, T], name: str, kind: str, spec: AgentSpec) -> T:
    if name not in known:
        raise _unknown(kind, name, sorted(known), spec)
    return known[name]


def _unknown(kind: str, name: str, known: list[str], spec: AgentSpec) -> NotFound:
    return NotFound(
        f"agent {spec.name!r} names the {kind} {name!r}, which is not there",
        hint=f"Known: {', '.join(known) or 'none'}.",
    )
