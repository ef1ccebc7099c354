"""Cases and scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from citeward.contracts.answer import Answer


@dataclass(frozen=True, kw_only=True)
class Case:
    """One golden case of a suite."""

    id: str
    question: str
    contains: tuple[str, ...] = ()
    """Every one of these must be in the answer, whatever the case of the letters."""
    sources: tuple[str, ...] = ()
    """At least one of these documents must be cited."""
    outcome: str = "answered"
    """`answered`, `refused` or `blocked`."""
    tools: tuple[str, ...] = ()
    """Tools that must have been called."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the target did with a case. A run that failed is a sample too: an error is a failed case."""

    case: Case
    answer: Answer | None
    tools: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Score:
    """One scorer's opinion of one sample."""

    scorer: str
    value: float
    """0..1, higher is better."""
    reason: str = ""
    details: dict[str, float] = field(default_factory=dict)


class Scorer(Protocol):
    """Scores a sample; None where the case says nothing that it could judge by."""

    @property
    def name(self) -> str:
        """Its name in suites and reports."""
        ...

    async def score(self, sample: Sample, /) -> Score | None:
        """The score of one sample."""
        ...
