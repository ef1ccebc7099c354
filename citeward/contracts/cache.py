"""Answers that can be given again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from citeward.contracts.answer import Answer
from citeward.contracts.principal import Principal


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Within what an answer may be given again; two scopes that differ in anything never share an entry.

    Who asks is not part of it, only what they may read: an answer that depends on the person is never stored.
    """

    tenant: str
    groups: tuple[str, ...] = ()
    """The reader's rights, sorted, each once."""
    agent: str
    version: str
    """A hash over prompt, models and policy, with the index generation."""

    @classmethod
    def of(cls, principal: Principal, *, agent: str, version: str) -> Scope:
        """The scope of a run for this principal."""
        return cls(tenant=principal.tenant, groups=tuple(sorted(set(principal.groups))), agent=agent, version=version)


class Turns(Protocol):
    """Lets one run at a time compute the answer to one question in one scope, while the others wait for it."""

    async def take(self, question: str, scope: Scope, /, *, run_id: str, seconds: float) -> bool:
        """Whether this run is the one that computes; False where another run is at it.

        Args:
            question: In any writing that the exact tier takes for the same.
            scope: As for `get`.
            run_id: Whose turn it is from now on.
            seconds: After which the turn ends by itself, whatever became of the run.
        """
        ...

    async def ended(self, question: str, scope: Scope, /, *, seconds: float) -> None:
        """Return when the turn of another run is over, or after so many seconds."""
        ...

    async def end(self, run_id: str, /) -> None:
        """The run is over, or has stored its answer; nothing happens where it has no turn."""
        ...


class Cache(Protocol):
    """Keeps answers; a miss is None."""

    @property
    def turns(self) -> Turns:
        """What keeps identical questions from being computed side by side."""
        ...

    async def get(self, question: str, scope: Scope, /) -> Answer | None:
        """An answer stored in exactly this scope, with `cache` and `similarity` saying how it was found."""
        ...

    async def put(self, question: str, answer: Answer, scope: Scope, /) -> None:
        """Store an answer; one that must not be given again (refused, blocked) is left out."""
        ...

    async def clear(self) -> int:
        """Forget everything; returns how many answers were kept."""
        ...

    async def close(self) -> None:
        """Give back connections; the cache is not used afterwards."""
        ...
