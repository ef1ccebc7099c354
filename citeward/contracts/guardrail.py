"""What checks a text, and what it decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Action(StrEnum):
    """What is done with a text, mildest first."""

    ALLOW = "allow"
    FLAG = "flag"
    MODIFY = "modify"
    BLOCK = "block"


class Origin(StrEnum):
    """Where a text comes from; the same words are judged more strictly from a document than from the user."""

    USER = "user"
    MODEL = "model"
    TOOL = "tool"
    RETRIEVED = "retrieved"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found, by its offsets; never the text itself, so that a finding can be logged."""

    kind: str
    """What it is: an entity such as EMAIL_ADDRESS, or a rule such as `instruction_override`."""
    start: int
    end: int
    score: float = 1.0
    """The guard's confidence, 0..1."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a guardrail decided about one text."""

    guard: str
    origin: Origin
    action: Action
    text: str
    """The text to carry on with; rewritten where the action is MODIFY, empty where it is BLOCK."""
    findings: tuple[Finding, ...] = ()
    """Where and why, as offsets into the original text."""
    reason: str = ""
    """One sentence for a person; it never repeats what was found."""
    score: float | None = None
    """What the thresholds were compared with, 0..1, where the guard has one score for the whole text; also on ALLOW."""


class Guardrail(Protocol):
    """Checks one text. Any object with a name and a check will do; no base class is needed."""

    @property
    def name(self) -> str:
        """The guard's name in the policy table."""
        ...

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Decide about `text`."""
        ...


class StreamGuard(Protocol):
    """Checks one stream as it passes; made anew for each answer.

    Joined over a stream, what `feed` and `close` return is the guarded text, however the input was split.
    """

    @property
    def holdback(self) -> int:
        """The most characters ever held back while waiting for the rest of a possible match."""
        ...

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        ...

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        ...
