"""Tools that a model may call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments: an object."""
    dangerous: bool = False
    """True where a person must approve each call."""
    timeout: float = 30.0
    """Seconds."""


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A model's wish to call a tool."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What came of a call. A failure is a result too: the model reads it and may try otherwise."""

    call_id: str
    name: str
    content: str
    error: bool = False
    truncated: bool = False
    """True where the output was cut at the cap."""


class Toolset(Protocol):
    """Some tools under one roof; wrapped to filter, prefix or ask for approval."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools on offer, names unique."""
        ...

    async def call(self, call: ToolCall, /) -> ToolResult:
        """Run one call: arguments validated first, time and output bounded. Raises only CancelledError."""
        ...


class ToolDecider(Protocol):
    """Decides which tools a question needs, without writing an answer."""

    async def decide(self, question: str, tools: Sequence[ToolSpec], /) -> list[ToolCall]:
        """The calls to make, each valid by its tool's schema; empty where the question needs none."""
        ...
