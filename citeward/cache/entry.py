"""What is stored, and what must never be."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from citeward.contracts.answer import Answer, Outcome, Usage
from citeward.contracts.cache import Cache, Scope
from citeward.contracts.retrieval import Vector


@dataclass(frozen=True, kw_only=True)
class Near:
    """A stored question that is near to one that is asked."""

    question: str
    similarity: float
    """Cosine, -1..1."""


class Entries(Cache, Protocol):
    """An exact tier that also keeps vectors beside its answers, for a semantic tier to search."""

    async def keep(self, question: str, answer: Answer, scope: Scope, /, *, vector: Vector | None) -> None:
        """Store the answer, with its question's vector."""
        ...

    async def near(self, vector: Vector, scope: Scope, /, *, threshold: float, limit: int) -> Sequence[Near]:
        """The nearest questions of the scope with at least this cosine, nearest first."""
        ...


def storable(answer: Answer) -> Answer | None:
    """The answer without anything of the run that made it; None where it must not be given again.

    A refused or blocked question may be answered tomorrow. Ids, usage and verdicts tell of the one who asked first.
    """
    if answer.outcome is not Outcome.ANSWERED or not answer.text:
        return None
    return replace(answer, run_id="", thread_id="", usage=Usage(), verdicts=(), cached=False, cache="", similarity=None)


def normalised(question: str) -> str:
    """The question without differences that never change its meaning: white space, letter case, a closing mark.

    >>> normalised("  How do I\\tinstall it ?") == normalised("how do i install it")
    True
    """
    text = " ".join(unicodedata.normalize("NFC", question).casefold().split())
    return text.rstrip("?.! ") or text


def question_key(question: str) -> str:
    """The same for questions that the exact tier takes for the same: 32 hex digits."""
    return hashlib.sha256(normalised(question).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def scope_key(scope: Scope) -> str:
    """Different for different scopes, whatever stands in their fields: 64 hex digits."""
    fields = ascii([scope.tenant, scope.groups, scope.agent, scope.version])
    return hashlib.sha256(fields.encode("ascii")).hexdigest()
