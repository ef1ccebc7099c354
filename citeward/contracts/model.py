"""Models that write, and what is said to them."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import InvalidInput

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
Continuation: TypeAlias = Literal["exactly", "when_asked", "never"]
"""How a model goes on from `ModelRequest.prefix`: `exactly` token for token, `when_asked` as far as it does what it is
told (it may repeat the end of the prefix), `never`: it begins its own answer."""


class Location(StrEnum):
    """Whether text leaves the machines that the team runs."""

    LOCAL = "local"
    REMOTE = "remote"

    @classmethod
    def of(cls, url: str) -> Location:
        """Local where the address is this machine's or a private network's."""
        host = urlsplit(url).hostname or ""
        try:
            return cls.LOCAL if ipaddress.ip_address(host).is_private else cls.REMOTE
        except ValueError:
            return cls.LOCAL if host == "localhost" or "." not in host else cls.REMOTE


def leaves(part: object, /) -> bool:
    """Whether what a part is given leaves the team's machines, as far as it tells by a `location`."""
    return getattr(part, "location", None) is Location.REMOTE


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
    """How the next token is drawn; None leaves the endpoint's default.

    Raises:
        InvalidInput: A value out of range; the message names the range.
    """

    temperature: float | None = None
    """0..2."""
    top_p: float | None = None
    """0..1, exclusive of 0."""
    top_k: int | None = None
    """1 or more."""
    max_tokens: int | None = None
    """1 or more."""
    stop: tuple[str, ...] = ()
    """At most 16 texts, none of them empty."""
    seed: int | None = None
    """A signed 64-bit number."""

    def __post_init__(self) -> None:
        self._check("temperature", self.temperature, 0, 2)
        self._check("top_p", self.top_p, 0, 1, above=True)
        self._check("top_k", self.top_k, 1, math.inf)
        self._check("max_tokens", self.max_tokens, 1, math.inf)
        self._check("seed", self.seed, -(2**63), 2**63 - 1)
        if isinstance(self.stop, str) or len(self.stop) > STOPS or not all(self.stop):
            raise InvalidInput(f"stop {self.stop!r} cannot be used", hint=f"give at most {STOPS} texts, none empty")

    def _check(self, name: str, value: float | None, low: float, high: float, *, above: bool = False) -> None:
        if value is not None and not (low < value <= high if above else low <= value <= high):
            least = f"more than {low:g}" if above else f"{low:g} or more"
            most = "" if high == math.inf else f" and {high:g} or less"
            raise InvalidInput(f"{name} {value!r} is out of range", hint=f"{name} is {least}{most}")


STOPS = 16
"""Texts, the most, at which an answer may be told to stop."""


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One call of a model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = ""
    """`required`: call at least one of the tools; `none`: call none; a tool's name: call that one; empty: the model
    chooses."""
    sampling: Sampling = field(default_factory=Sampling)
    timeout: float | None = None
    """Seconds left of the run's deadline; None waits for as long as it takes."""
    output_schema: Mapping[str, Any] | None = None
    """JSON schema that the whole answer must follow; None for free text."""
    prefix: str = ""
    """What the answer begins with, already said by a model that failed: only what follows is asked for."""
    logprobs: int | None = None
    """How many likeliest tokens to tell at each place, 0..20 (0: the chosen one's alone); None for none."""


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
    cached_tokens: int = 0
    """Of the input: read from the endpoint's prefix cache."""
    reasoning_tokens: int = 0
    """Of the output: thought, and not said."""

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class TokenLogprob:
    """How likely a token was."""

    token: str
    logprob: float
    """Natural logarithm of its probability."""
    top: Mapping[str, float] = field(default_factory=dict)
    """The likeliest tokens at its place, with theirs."""


@dataclass(frozen=True, kw_only=True)
class Delta:
    """The next piece of a model's stream; usually one of the fields is set."""

    text: str = ""
    reasoning: str = ""
    tool_call: ToolCallFragment | None = None
    usage: TokenUsage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
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
    continues: Continuation = "when_asked"
    """What it makes of `ModelRequest.prefix`."""
    schemas: bool = True
    """Whether its answer can be held to a JSON schema."""


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
