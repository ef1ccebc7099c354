"""Tool calls on their way out: a call is released when its whole arguments have been parsed and checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall

from citeward.contracts.guardrail import Action, Origin, Outgoing, Verdict
from citeward.guardrails.policy import Rails

PASSING = (Action.ALLOW, Action.FLAG)


async def check_calls(message: AIMessage, rails: Rails, outgoing: Outgoing) -> tuple[Verdict, ...]:
    """Hold the calls of `message` to what the policy says of a model's text; returns what the guards did.

    Looked at are the tool's name, and every key and value of the arguments as the model wrote them, placeholders and
    all. A call that the policy would rewrite or block is not made: it becomes one of the message's invalid calls,
    without its arguments, and its error tells the model why.
    """
    calls, invalid, verdicts = [], [], []
    for call in message.tool_calls:
        text = "\n".join([call["name"], *_keys(call["args"]), *_values(call["args"])])
        checked = await rails.check(text, origin=Origin.MODEL, outgoing=outgoing)
        verdicts += [_told(verdict) for verdict in checked.notable]
        if checked.action in PASSING:
            calls.append(call)
        else:
            error = _withheld([verdict for verdict in checked.notable if verdict.action not in PASSING])
            invalid.append(
                InvalidToolCall(type="invalid_tool_call", id=call["id"], name=call["name"], args="", error=error)
            )
    for wrong in message.invalid_tool_calls:
        text = "\n".join([wrong["name"] or "", wrong["args"] or ""])
        checked = await rails.check(text, origin=Origin.MODEL, outgoing=outgoing)
        verdicts += [_told(verdict) for verdict in checked.notable]
        invalid.append(wrong if checked.action in PASSING else InvalidToolCall({**wrong, "args": ""}))
    message.tool_calls, message.invalid_tool_calls = calls, invalid
    return tuple(verdicts)


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
