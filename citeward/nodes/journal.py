"""Tool calls made once: each is recorded before it is made, and its result after that."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from citeward.contracts.run import CallRecord, Journal
from citeward.contracts.tool import ToolCall, ToolResult, Toolset, ToolSpec
from citeward.errors import ThreadBusy

NOT_MADE = "This call was not made: the run ended before it, and nobody approved it since."
UNKNOWN = "The run ended while this call was being made: it may or may not have taken effect."
NO_RESULT = "The run ended before this call gave a result."


@dataclass(frozen=True, kw_only=True)
class TrackedCall:
    """A call, and what the journal knows of it."""

    call: ToolCall
    key: str = ""
    """The idempotency key; empty for a call that is not recorded."""
    record: CallRecord = field(default_factory=CallRecord)
    idempotent: bool = False

    @property
    def uncertain(self) -> bool:
        """Whether it may have been made already, which a person has to judge."""
        return self.record.uncertain and not self.idempotent

    @property
    def approval(self) -> str:
        """Names one approval of this call: it is worth nothing for other arguments, and nothing a second time."""
        attempts = 0 if self.idempotent else self.record.attempts
        return hashlib.sha256(f"approval\0{self.key}\0{attempts}".encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a thread a message with tool calls stands."""

    thread_id: str
    """The checkpointer's."""
    run_id: str
    step: int
    """The model call of the run that gave the message."""


def call_key(place: Place, call: ToolCall) -> str:
    """The idempotency key: a digest of the thread, the run and its step, the call's id, the tool and the arguments.

    >>> place = Place(thread_id="t", run_id="r", step=1)
    >>> one = call_key(place, ToolCall(id="1", name="pay", arguments={"to": "Ann", "sum": 5}))
    >>> one == call_key(place, ToolCall(id="1", name="pay", arguments={"sum": 5, "to": "Ann"}))
    True
    >>> one == call_key(place, ToolCall(id="1", name="pay", arguments={"sum": 50, "to": "Ann"}))
    False
    """
    parts: list[Any] = [place.thread_id, place.run_id, place.step, call.id, call.name, dict(call.arguments)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


async def tracked(
    calls: Sequence[ToolCall], specs: Sequence[ToolSpec], place: Place, journal: Journal
) -> list[TrackedCall]:
    """The calls with what is known of them; those of tools without side effects are not recorded."""
    recorded = {spec.name: spec for spec in specs if spec.journaled}
    found = []
    for call in calls:
        spec = recorded.get(call.name)
        if spec is None:
            found.append(TrackedCall(call=call))
            continue
        key = call_key(place, call)
        record = await journal.recorded(place.thread_id, key)
        found.append(TrackedCall(call=call, key=key, record=record, idempotent=spec.idempotent))
    return found


async def call_once(one: TrackedCall, toolset: Toolset, journal: Journal, thread_id: str) -> ToolResult:
    """The result of the call: the one that is recorded, else that of the call made now.

    Raises:
        ThreadBusy: Another process began the call since it was looked up.
        CheckpointError: The call could not be recorded, and was not made; or was made, and its result is not recorded.
    """
    if one.record.result is not None:
        return replace(one.record.result, call_id=one.call.id)
    if not one.key:
        return await toolset.call(one.call)
    if not await journal.begin(thread_id, one.key, attempts=one.record.attempts):
        raise ThreadBusy(
            f"another process makes the call {one.call.name!r} ({one.call.id}) of this thread",
            hint="Read the thread again when the other run has ended.",
            retry_after=1.0,
        )
    result = await toolset.call(one.call)
    # What was done must be recorded even when the run is cancelled in this very moment.
    await asyncio.shield(asyncio.ensure_future(journal.finish(thread_id, one.key, result)))
    return result


def unanswered(messages: Sequence[AnyMessage]) -> AIMessage | None:
    """The last message, as far as tools answered it, when it has calls without results."""
    at = len(messages) - 1
    while at >= 0 and isinstance(messages[at], ToolMessage):
        at -= 1
    last = messages[at] if at >= 0 else None
    if not isinstance(last, AIMessage):
        return None
    results = {message.tool_call_id for message in messages[at + 1 :] if isinstance(message, ToolMessage)}
    return last if any(call_id not in results for call_id in call_ids([last])) else None


def call_ids(messages: Sequence[AnyMessage]) -> list[str]:
    """The ids of all calls in the messages, those that could not be made included."""
    calls: list[Mapping[str, Any]] = []
    for message in messages:
        if isinstance(message, AIMessage):
            calls += [*message.tool_calls, *message.invalid_tool_calls]
    return [str(call["id"] or "") for call in calls]


class MemoryJournal:
    """A journal that lasts as long as the process."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], CallRecord] = {}

    async def recorded(self, thread_id: str, key: str, /) -> CallRecord:
        """What is known of the call."""
        return self._records.get((thread_id, key), CallRecord())

    async def begin(self, thread_id: str, key: str, /, *, attempts: int) -> bool:
        """Record that the call is about to be made."""
        known = await self.recorded(thread_id, key)
        if known.attempts != attempts or known.result is not None:
            return False
        self._records[thread_id, key] = CallRecord(attempts=attempts + 1)
        return True

    async def finish(self, thread_id: str, key: str, result: ToolResult, /) -> None:
        """Record what came of the call."""
        known = await self.recorded(thread_id, key)
        self._records[thread_id, key] = replace(known, result=result)

    async def forget(self, thread_id: str, /) -> None:
        """Delete all records of a thread."""
        for place in [place for place in self._records if place[0] == thread_id]:
            del self._records[place]
