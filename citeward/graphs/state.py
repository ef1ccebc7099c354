"""The chat graph's state: the keys of all its nodes, and the schemas of its input and output."""

from __future__ import annotations

from typing import Annotated, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from citeward.contracts.answer import Answer, Citation
from citeward.contracts.guardrail import Verdict
from citeward.contracts.model import TokenUsage
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route


class ChatInput(TypedDict):
    """What a run is asked."""

    question: str


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
    vault: dict[str, str]
    blocked: str
    passages: tuple[Passage, ...]
    degraded: bool
    route: Route | None
    messages: Annotated[list[AnyMessage], add_messages]
    draft: str
    citations: tuple[Citation, ...]
    steps: int
    tokens: TokenUsage
    cost: float
    answer: Answer | None
