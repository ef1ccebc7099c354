"""The chat graph's state: the keys of all its nodes, and the schemas of its input and output."""

from __future__ import annotations

from typing import Annotated, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.channels import UntrackedValue
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph.message import add_messages
from pydantic import SecretStr

from citeward.contracts.answer import Answer, Outcome, Usage
from citeward.contracts.citation import Citation, Label
from citeward.contracts.guardrail import Action, Finding, Origin, Verdict
from citeward.contracts.metering import ModelCall, Spend
from citeward.contracts.model import TokenUsage
from citeward.contracts.retrieval import Passage, Trust, Vector
from citeward.contracts.routing import Route


class ChatInput(TypedDict):
    """What a run is asked."""

    question: str | SecretStr
    """A SecretStr keeps it from the app's own tracers and callbacks, which are shown a graph's input."""


class ChatOutput(TypedDict):
    """What a run gives back."""

    answer: Answer


class ChatState(TypedDict, total=False):
    """Everything that a checkpoint keeps; each node's own schema says which keys it touches."""

    question: str
    run_id: str
    thread_id: str
    started_at: float
    first_token_at: float | None
    verdicts: tuple[Verdict, ...]
    vault: dict[str, SecretStr]
    blocked: str
    passages: tuple[Passage, ...]
    degraded: bool
    vector: Annotated[Vector | None, UntrackedValue]
    route: Route | None
    thread_model: str
    messages: Annotated[list[AnyMessage], add_messages]
    draft: str
    unfinished: SecretStr | None
    citations: tuple[Citation, ...]
    steps: int
    calls: tuple[ModelCall, ...]
    scope: str
    answer: Answer | None


STATE_TYPES: tuple[type, ...] = (
    Action,
    Answer,
    Citation,
    Finding,
    Label,
    ModelCall,
    Origin,
    Outcome,
    Passage,
    Route,
    SecretStr,
    Spend,
    TokenUsage,
    Trust,
    Usage,
    Verdict,
)
"""Our own types that a checkpoint may hold."""


def checkpoint_serializer() -> SerializerProtocol:
    """The serializer for a checkpointer of these graphs: it reads back our own types and no others.

    ::

        saver = AsyncSqliteSaver(connection, serde=checkpoint_serializer())
    """
    return JsonPlusSerializer(allowed_msgpack_modules=STATE_TYPES)
