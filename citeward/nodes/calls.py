"""Tool calls on their way out: a call is released when its whole arguments have been parsed and checked."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, InvalidToolCall
from langchain_core.messages.tool import ToolCall as LangChainToolCall

from citeward.contracts.guardrail import Action, Origin, Outgoing, Verdict
from citeward.guardrails.policy import Checked, Rails

PASSING = (Action.ALLOW, Action.FLAG)


_PLAIN = re.compile(r"[a-z]{0,12}_?\d{0,4}")
"""An id that is too short and plain to say anything."""
NAMELESS = "withheld"
"""Stands in the place of a tool's name that must not leave."""


async def check_calls(message: AIMessage, rails: Rails, outgoing: Outgoing) -> tuple[Verdict, ...]:
    """Hold the calls of `message` to what the policy says of a model's text; returns what the guards did.

    Looked at is all that the model wrote of a call and that a client or the next request is shown: its id, the tool's
    name, and every key and value of the arguments, placeholders and all. A call that the policy would rewrite or block
    is not made: it becomes one of the message's invalid calls, without its arguments, and its error tells the model
    why. An id that the policy would rewrite or block is replaced by another one, and the call is made.
    """
    calls: list[LangChainToolCall] = []
    invalid: list[InvalidToolCall] = []
    verdicts: list[Verdict] = []
    for call in message.tool_calls:
        text = "\n".join([call["name"], *_keys(call["args"]), *_values(call["args"])])
        checked = await _check(call["id"], call["name"], text, rails, outgoing)
        verdicts += checked.verdicts
        if checked.error is None:
            call["id"] = checked.call_id
            calls.append(call)
        else:
            invalid.append(
                InvalidToolCall(
                    type="invalid_tool_call", id=checked.call_id, name=checked.name, args="", error=checked.error
                )
            )
    for wrong in message.invalid_tool_calls:
        text = "\n".join([wrong["name"] or "", wrong["args"] or ""])
        checked = await _check(wrong["id"], wrong["name"] or "", text, rails, outgoing)
        verdicts += checked.verdicts
        args = wrong["args"] if checked.error is None else ""
        invalid.append(InvalidToolCall({**wrong, "id": checked.call_id, "name": checked.name, "args": args}))
    message.tool_calls, message.invalid_tool_calls = calls, invalid
    return tuple(verdicts)


@dataclass(frozen=True, kw_only=True)
class _CheckedCall:
    """What may be shown of a call."""

    call_id: str | None
    name: str
    verdicts: tuple[Verdict, ...]
    error: str | None = None
    """Why its arguments may not be; None where they may."""


async def _check(call_id: str | None, name: str, text: str, rails: Rails, outgoing: Outgoing) -> _CheckedCall:
    async def check(part: str) -> Checked:
        return await rails.check(part, origin=Origin.MODEL, outgoing=outgoing)

    telling_id = call_id if call_id and not _PLAIN.fullmatch(call_id) else None
    checked, *of_id = await asyncio.gather(check(text), *([check(telling_id)] if telling_id else []))
    verdicts = [verdict for one in (*of_id, checked) for verdict in one.notable]
    if any(one.action not in PASSING for one in of_id):
        call_id = f"call_{uuid4().hex[:16]}"
    told = tuple(_told(verdict) for verdict in verdicts)
    if checked.action in PASSING:
        return _CheckedCall(call_id=call_id, name=name, verdicts=told)
    if name and (await check(name)).action not in PASSING:
        name = NAMELESS
    error = _withheld([verdict for verdict in checked.notable if verdict.action not in PASSING])
    return _CheckedCall(call_id=call_id, name=name, verdicts=told, error=error)


def _keys(value: Any) -> Iterator[str]:
    """Every key, before the values: what was split over two values stands together."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from value
    for item in items:
        yield from _keys(item)


def _values(value: Any) -> Iterator[str]:
    """Every value that holds no others; texts as they are, the rest as JSON."""
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _values(item)
        case list():
            for item in value:
                yield from _values(item)
        case _:
            yield json.dumps(value)


def _told(verdict: Verdict) -> Verdict:
    return replace(verdict, text="", reason=verdict.reason.replace("The answer", "A tool call", 1))


def _withheld(verdicts: list[Verdict]) -> str:
    kinds = sorted({finding.kind.replace("_", " ").lower() for verdict in verdicts for finding in verdict.findings})
    what = f"hold {', '.join(kinds)} that" if kinds else "are something that"
    return (
        f"A guard withheld the arguments of this call: they {what} neither the user nor the documents gave. "
        "Call again without it, or answer without the tool."
    )
