"""Models that write, and what is said to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from citeward.contracts.tool import ToolCall, ToolSpec

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]


class Location(StrEnum):
    """Whether text leaves the machines that the team runs."""

    LOCAL = "local"
    REMOTE = "remote"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    """What an assistant asked for."""
    tool_call_id: str | None = None
    """Which call a tool message answers."""
    name: str | None = None
    """The tool's name, on a tool message."""
    error: bool = False
    """True on a tool message whose call failed."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is drawn; None leaves the endpoint's default."""

    temperature: float | None = None
    """0..2."""
    top_p: float | None = None
    """0..1, exclusive of 0."""
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One call of a model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    timeout: float | None = None
    """Seconds left of the run's deadline; None waits for as long as it takes."""


@dataclass(frozen=True, kw_only=True)
class ToolCallFragment:
    """A piece of a tool call; pieces of the same index make one call."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    """A piece of the arguments' JSON."""


@dataclass(frozen=True, kw_only=True)
class TokenUsage:
    """Tokens of one or more calls."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class Delta:
    """The next piece of a model's stream; usually one of the fields is set."""

    text: str = ""
    reasoning: str = ""
    tool_call: ToolCallFragment | None = None
    usage: TokenUsage | None = None
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What the router and a person need to know of a model."""

    name: str
    """As it is configured, `provider:model`."""
    description: str = ""
    tier: str = "small"
    location: Location = Location.LOCAL
    window: int = 8192
    """Tokens of prompt and answer together."""
    input_price: float = 0.0
    """US dollars per million tokens of prompt."""
    output_price: float = 0.0
    """US dollars per million tokens of answer."""
    tools: bool = False
    """Whether it can call tools."""


class Model(Protocol):
    """Writes an answer, streamed."""

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        ...

    def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The answer piece by piece; the last delta carries `finish_reason`. Raises a ModelError.

        Closing the generator early (`aclose`) cancels the call.
        """
        ...
