"""Tools that a model may call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias

PersonalData: TypeAlias = Literal["masked", "raw", "lookup"]
"""What a tool is given of the values behind placeholders, and what its results may say of them.

`masked`: it is given none; a call with a placeholder is refused in words that the model can act on. `raw`: it is given
the values, and what it makes of them is hidden from models: known values in any encoding, and all that may be computed
from them. `lookup`: it is given the values and gives back what it knows, nothing computed from them: only known values
are hidden."""


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments: an object."""
    dangerous: bool = False
    """True where a person must approve each call."""
    side_effects: bool = False
    """True when a call changes something in the world. Such a call is recorded before and after it is made, so that a
    crash does not repeat it; a dangerous one always is."""
    idempotent: bool = False
    """True when the same call made twice has the effect of one: after a crash it is made again without asking."""
    timeout: float = 30.0
    """Seconds."""
    content: frozenset[str] = frozenset()
    """Arguments that are meant to carry text from anywhere (a letter's body): where their value stands is told, and
    is never a reason to warn."""
    personal_data: PersonalData = "raw"
    """What it is given of the values behind placeholders."""

    @property
    def journaled(self) -> bool:
        """Whether each call is recorded before and after it is made."""
        return self.dangerous or self.side_effects


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


class ArgumentOrigin(StrEnum):
    """Where the value of an argument came from, most to be trusted first."""

    SCHEMA = "schema"
    """The tool itself offers it: a choice of few, a default, yes or no."""
    USER = "user"
    """The user said it in this thread."""
    TRUSTED = "trusted"
    """A source that the agent's file trusts."""
    MODEL = "model"
    """The model wrote it: it stands nowhere."""
    TOOL = "tool"
    """A tool's result, and the user did not say it."""
    DOCUMENT = "document"
    """A passage, and the user did not say it."""


@dataclass(frozen=True, kw_only=True)
class ArgumentSource:
    """Where one value of a call came from."""

    argument: str
    """Its place in the arguments: `to`, `lines[0].amount`."""
    origin: ArgumentOrigin
    name: str = ""
    """The document or the tool, where it is one's."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a call's arguments came from, and whether the user asked for the call."""

    sources: tuple[ArgumentSource, ...] = ()
    warning: str = ""
    """Why nobody seems to have asked for it, in words for the person who approves; empty where somebody did."""

    @property
    def unasked(self) -> bool:
        """Whether it takes an approval of its own."""
        return bool(self.warning)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What is done about dangerous calls that nobody asked for, and whose words may ask for one."""

    unasked: Literal["warn", "refuse"] = "warn"
    """`warn`: a person may approve it, with the warning shown; `refuse`: it never runs, and no person is asked."""
    documents: tuple[str, ...] = ()
    """Sources of documents that may fill in arguments, as shell patterns: `contracts/*.md`."""
    tools: tuple[str, ...] = ()
    """Tools whose results may."""
    values: tuple[str, ...] = ()
    """Values that may stand in arguments whoever names them: the team's own address, say."""


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
