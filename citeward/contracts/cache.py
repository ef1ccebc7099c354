"""Answers that can be given again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from citeward.contracts.answer import Answer
from citeward.contracts.principal import Principal


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Within what an answer may be given again; two scopes that differ in anything never share an entry."""

    principal: Principal
    agent: str
    version: str
    """A hash over prompt, models, policy and index generation."""


class Cache(Protocol):
    """Keeps answers; a miss is None."""

    async def get(self, question: str, scope: Scope, /) -> Answer | None:
        """The answer stored for the question in exactly this scope."""
        ...

    async def put(self, question: str, answer: Answer, scope: Scope, /) -> None:
        """Store an answer; one that must not be given again (refused, blocked, unverified) is left out."""
        ...
