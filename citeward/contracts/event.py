"""The one vocabulary of events; every wire format is a translation of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from citeward.contracts.answer import Answer, Usage
from citeward.contracts.citation import Citation
from citeward.contracts.guardrail import Verdict
from citeward.contracts.retrieval import Passage
from citeward.contracts.routing import Route
from citeward.contracts.tool import ArgumentSource, ToolCall, ToolResult


@dataclass(frozen=True, kw_only=True)
class Started:
    """The run has begun."""

    type: ClassVar[str] = "started"
    run_id: str
    thread_id: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class Passages:
    """What was retrieved, numbered from 1 as the answer's markers number it."""

    type: ClassVar[str] = "passages"
    passages: tuple[Passage, ...]
    degraded: bool = False


@dataclass(frozen=True, kw_only=True)
class Routed:
    """Which model answers, and why."""

    type: ClassVar[str] = "routed"
    route: Route


@dataclass(frozen=True, kw_only=True)
class TextDelta:
    """The next piece of guarded text."""

    type: ClassVar[str] = "delta"
    text: str


@dataclass(frozen=True, kw_only=True)
class ReasoningDelta:
    """The next piece of what the model thinks before it speaks, guarded; only where the agent shows it.

    It is no part of the answer, and nothing of it is kept.
    """

    type: ClassVar[str] = "reasoning"
    text: str


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """All text and all citations of this run so far are withdrawn: its model failed, and the answer begins again.

    What of them still holds (the text before a tool call) comes once more. Joined, the deltas after the last such
    event are the final message.
    """

    type: ClassVar[str] = "restarted"
    model: str
    """The model that begins again."""
    reason: str
    """What became of the one before, in plain words."""


@dataclass(frozen=True, kw_only=True)
class Cited:
    """A verified citation; follows the sentence that it belongs to, with offsets into the released text."""

    type: ClassVar[str] = "citation"
    citation: Citation


@dataclass(frozen=True, kw_only=True)
class ToolCalled:
    """A whole, checked tool call, with its arguments as the tool gets them."""

    type: ClassVar[str] = "tool_call"
    call: ToolCall


@dataclass(frozen=True, kw_only=True)
class ToolReturned:
    """What the call gave."""

    type: ClassVar[str] = "tool_result"
    result: ToolResult


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """The run waits for a person's approval. `Agent.run` gives it when the state that it goes on from is stored."""

    type: ClassVar[str] = "interrupt"
    call: ToolCall
    reason: str
    sources: tuple[ArgumentSource, ...] = ()
    """Where each of the call's values came from."""
    warning: str = ""
    """Why nobody seems to have asked for this call, or that it may have been made already; show it. Such a call is
    approved as `unasked`, or does not run."""
    key: str = ""
    """Names this request alone: one approval of one call with these arguments. `resume` takes it in place of the id."""


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A guard did something other than allow. It carries offsets, never the text that was found."""

    type: ClassVar[str] = "guarded"
    verdict: Verdict
    source: str = ""
    """The document or the tool whose text it was; empty for the user's and the model's."""


@dataclass(frozen=True, kw_only=True)
class Used:
    """Totals of the run."""

    type: ClassVar[str] = "usage"
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The whole answer; its text equals the joined deltas (those after the last Restarted, where there is one)."""

    type: ClassVar[str] = "answer"
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The run ended in an error."""

    type: ClassVar[str] = "error"
    code: str
    message: str
    hint: str
    retryable: bool
    status: int = 500
    """The HTTP status that the error means."""
    retry_after: float | None = None
    """Seconds after which the same run may succeed; None where nobody named a time."""


Event: TypeAlias = (
    Started
    | Passages
    | Routed
    | TextDelta
    | ReasoningDelta
    | Restarted
    | Cited
    | ToolCalled
    | ToolReturned
    | Interrupted
    | Guarded
    | Used
    | Answered
    | Failed
)
Sink: TypeAlias = Callable[[Event], None]
"""Takes each event as it happens. It must not block: it hands on and returns."""


def to_wire(event: Event) -> dict[str, Any]:
    """The event as JSON-able data with its `type`. A verdict's text stays out: only the answer carries text."""
    return {"type": event.type, **_plain(event)}


def _plain(value: Any) -> Any:
    if isinstance(value, Verdict):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "text"}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
