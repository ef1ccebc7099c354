"""What makes a run safe to repeat: the journal of its tool calls, and the lease of its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from citeward.contracts.tool import ToolResult


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """What a journal knows of one tool call."""

    attempts: int = 0
    """How often the call was begun."""
    result: ToolResult | None = None
    """What came of it; None while nothing is known."""

    @property
    def uncertain(self) -> bool:
        """Whether the call was begun and nobody knows how it ended: it may have taken effect."""
        return self.attempts > 0 and self.result is None


@runtime_checkable
class Journal(Protocol):
    """Records each tool call before it is made and its result after that, so that no crash makes a call twice.

    A call is known by its idempotency key (`citeward.nodes.journal.call_key`). What a method has returned from
    survives the process, as far as the journal keeps anything beyond the process.
    """

    async def recorded(self, thread_id: str, key: str, /) -> CallRecord:
        """What is known of the call; an empty record when it was never begun."""
        ...

    async def begin(self, thread_id: str, key: str, /, *, attempts: int) -> bool:
        """Record that the call is about to be made.

        Args:
            thread_id: The checkpointer's thread id.
            key: The call's idempotency key.
            attempts: How often the caller believes the call was begun so far.

        Returns:
            False when the call was begun more often, or has a result: the caller must not make it.
        """
        ...

    async def finish(self, thread_id: str, key: str, result: ToolResult, /) -> None:
        """Record what came of a call that was begun."""
        ...

    async def forget(self, thread_id: str, /) -> None:
        """Delete all records of a thread."""
        ...


@runtime_checkable
class Leases(Protocol):
    """Lets one run at a time work in a thread. A lease ends with the process that holds it."""

    async def acquire(self, thread_id: str, /) -> bool:
        """Take the lease of a thread without waiting; False when somebody holds it, this process included."""
        ...

    async def release(self, thread_id: str, /) -> None:
        """Give the lease back."""
        ...
