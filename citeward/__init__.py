"""Citeward: guarded, cited answers. An agent framework with tool use on LangGraph.

The names below are the public ones. Each is loaded when it is first used, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citeward.agents.agent import Agent, CompiledChatGraph
    from citeward.agents.spec import AgentSpec
    from citeward.contracts.answer import Answer, Outcome, Usage
    from citeward.contracts.citation import Citation, Label
    from citeward.contracts.event import Event, to_wire
    from citeward.contracts.guardrail import Action, Finding, Guardrail, Origin, Verdict
    from citeward.contracts.model import Delta, Message, Model, ModelInfo, ModelRequest
    from citeward.contracts.principal import Principal
    from citeward.contracts.retrieval import Document, Embedder, Hit, Passage, Retriever, Store
    from citeward.errors import CitewardError
    from citeward.graphs.chat import ChatGraph, build_chat_graph
    from citeward.graphs.checkpoints import encrypted_checkpointer
    from citeward.graphs.state import checkpoint_serializer
    from citeward.ingest.langchain import documents_from
    from citeward.models.chat.model import CitewardChatModel
    from citeward.nodes.context import Context
    from citeward.nodes.services import Limits, Services
    from citeward.project.declared import Project, read_project
    from citeward.project.opened import OpenProject, open_project
    from citeward.retrieval.langchain import LangChainRetriever, LangChainStore, as_langchain_retriever
    from citeward.tools.toolset import tool

__version__ = "0.1.0"

_HOMES = {
    "agents.agent": ("Agent", "CompiledChatGraph"),
    "agents.spec": ("AgentSpec",),
    "contracts.answer": ("Answer", "Outcome", "Usage"),
    "contracts.citation": ("Citation", "Label"),
    "contracts.event": ("Event", "to_wire"),
    "contracts.guardrail": ("Action", "Finding", "Guardrail", "Origin", "Verdict"),
    "contracts.model": ("Delta", "Message", "Model", "ModelInfo", "ModelRequest"),
    "contracts.principal": ("Principal",),
    "contracts.retrieval": ("Document", "Embedder", "Hit", "Passage", "Retriever", "Store"),
    "errors": ("CitewardError",),
    "graphs.chat": ("ChatGraph", "build_chat_graph"),
    "graphs.checkpoints": ("encrypted_checkpointer",),
    "graphs.state": ("checkpoint_serializer",),
    "ingest.langchain": ("documents_from",),
    "models.chat.model": ("CitewardChatModel",),
    "nodes.context": ("Context",),
    "nodes.services": ("Limits", "Services"),
    "project.declared": ("Project", "read_project"),
    "project.opened": ("OpenProject", "open_project"),
    "retrieval.langchain": ("LangChainRetriever", "LangChainStore", "as_langchain_retriever"),
    "tools.toolset": ("tool",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Action",
    "Agent",
    "AgentSpec",
    "Answer",
    "ChatGraph",
    "Citation",
    "CitewardChatModel",
    "CitewardError",
    "CompiledChatGraph",
    "Context",
    "Delta",
    "Document",
    "Embedder",
    "Event",
    "Finding",
    "Guardrail",
    "Hit",
    "Label",
    "LangChainRetriever",
    "LangChainStore",
    "Limits",
    "Message",
    "Model",
    "ModelInfo",
    "ModelRequest",
    "OpenProject",
    "Origin",
    "Outcome",
    "Passage",
    "Principal",
    "Project",
    "Retriever",
    "Services",
    "Store",
    "Usage",
    "Verdict",
    "as_langchain_retriever",
    "build_chat_graph",
    "checkpoint_serializer",
    "documents_from",
    "encrypted_checkpointer",
    "open_project",
    "read_project",
    "to_wire",
    "tool",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'citeward' has no attribute {name!r}")
    value = getattr(import_module(f"citeward.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
