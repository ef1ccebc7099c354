"""What checks a text, and what it decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from citeward.contracts.citation import Citation, Label


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


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """What a model's text was made from, so that a guard can tell what of it may be said and what may not."""

    prompt: str = ""
    """The instructions that the model was given, without the passages; they are not to be repeated."""
    question: str = ""
    passages: tuple[str, ...] = ()
    """The retrieved texts."""
    results: tuple[str, ...] = ()
    """What the tools of this turn gave back."""
    allowed: tuple[str, ...] = ()
    """Further texts whose words may be repeated: the thread's earlier messages, the values behind placeholders."""
    citations: tuple[Citation, ...] = ()
    """Of the whole answer, once it is whole."""
    sources: bool = True
    """Whether there was anything to look something up in: False for an agent without documents and tools."""

    @property
    def given(self) -> tuple[str, ...]:
        """Every text whose own words may be repeated."""
        return (self.question, *self.passages, *self.results, *self.allowed)


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


@runtime_checkable
class Streams(Protocol):
    """A guard that can check a stream as it passes."""

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:
        """A guard for one stream, or None where the policy asks for nothing of this origin."""
        ...


@runtime_checkable
class Reviews(Protocol):
    """A guard that judges a whole answer by what it was made from."""

    async def review(self, text: str, outgoing: Outgoing, /) -> Verdict:
        """Decide about a whole answer. Its text has been sent: MODIFY can only flag it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Support:
    """How well some evidence supports a sentence."""

    label: Label
    score: float
    """0..1."""


class Verifier(Protocol):
    """Tells whether evidence supports sentences: word by word, by a model of entailment, or by asking a judge."""

    async def verify(self, sentences: Sequence[str], evidence: Sequence[str], /) -> Sequence[Support]:
        """For each sentence how well the texts of `evidence` support it, in the sentences' order."""
        ...
