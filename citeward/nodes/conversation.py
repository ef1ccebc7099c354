"""LangChain's messages, which a thread's state keeps, and our own, which models read."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, InvalidToolCall, ToolMessage
from langchain_core.messages.tool import ToolCall as LangChainToolCall

from citeward.contracts.context import fence, fence_result
from citeward.contracts.model import Message, ToolCallFragment
from citeward.contracts.retrieval import Passage
from citeward.contracts.tool import ToolCall
from citeward.guardrails.active.content import inert
from citeward.nodes.journal import NO_RESULT

HISTORY = 12
"""Messages of earlier turns that a model reads again."""


def prompted(passages: Sequence[Passage]) -> str:
    """The passages as they stand in a prompt: fenced, and without active content."""
    return fence([replace(passage, text=inert(passage.text)) for passage in passages])


def shown(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages as an event shows them: without active content, of the same length, so that offsets count in it."""
    return tuple(replace(passage, text=inert(passage.text, same_length=True)) for passage in passages)


def to_model(messages: Sequence[AnyMessage]) -> tuple[Message, ...]:
    """The thread as a model reads it: this turn whole, and the last `HISTORY` messages before it.

    What tools gave is fenced as untrusted data; the thread itself keeps it plain. Each call is followed by its result,
    whatever the thread holds: endpoints refuse any other conversation.
    """
    begin = max((i for i, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    earlier = list(messages[max(0, begin - HISTORY) : begin])
    while earlier and not isinstance(earlier[0], HumanMessage):
        earlier.pop(0)  # a tool's result or an answer without its question would make no sense
    read = _answered([*earlier, *messages[begin:]])
    results = [message.text for message in read if isinstance(message, ToolMessage)]
    return tuple(_message(message, results) for message in read)


def _answered(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The messages, each call with one result right after its message, and no result without its call."""
    answered: list[AnyMessage] = []
    open_calls: dict[str, str] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            if open_calls.pop(message.tool_call_id, None) is not None:
                answered.append(message)
            continue
        answered += _without_result(open_calls)
        answered.append(message)
        if isinstance(message, AIMessage):
            calls: list[Mapping[str, Any]] = [*message.tool_calls, *message.invalid_tool_calls]
            open_calls = {str(call["id"] or ""): str(call["name"] or "") for call in calls}
        else:
            open_calls = {}
    return [*answered, *_without_result(open_calls)]


def _without_result(calls: Mapping[str, str]) -> list[AnyMessage]:
    return [
        ToolMessage(content=NO_RESULT, tool_call_id=call_id, name=name, status="error")
        for call_id, name in calls.items()
    ]


def _message(message: AnyMessage, results: Sequence[str]) -> Message:
    content = message.text
    if isinstance(message, ToolMessage):
        return Message(
            role="tool",
            content=fence_result(content, tool=message.name or "", beside=results),
            tool_call_id=message.tool_call_id,
            name=message.name,
            error=message.status == "error",
        )
    if isinstance(message, AIMessage):
        calls = [ToolCall(id=c["id"] or "", name=c["name"], arguments=c["args"]) for c in message.tool_calls]
        # A call that could not be made is answered too, and an endpoint refuses an answer to nothing.
        calls += [ToolCall(id=c["id"] or "", name=c["name"] or "") for c in message.invalid_tool_calls]
        return Message(role="assistant", content=content, tool_calls=tuple(calls))
    return Message(role="user" if isinstance(message, HumanMessage) else "system", content=content)


class ToolCallAssembly:
    """Puts a stream's fragments of tool calls together, by index."""

    def __init__(self) -> None:
        self._fragments: dict[int, list[ToolCallFragment]] = {}

    def add(self, fragment: ToolCallFragment) -> None:
        """Take the next piece."""
        self._fragments.setdefault(fragment.index, []).append(fragment)

    def message(self, text: str, *, taken: Iterable[str] = ()) -> AIMessage:
        """The model's message: whole calls, and those whose arguments are no JSON object as invalid ones.

        An invalid call's error says in words for the model what was wrong with it. Every call has an id of its own,
        whatever the model says: who approves one by its id approves no other.

        Args:
            text: What the model said.
            taken: Ids of the calls that the thread has already.
        """
        taken = set(taken)
        calls: list[LangChainToolCall] = []
        invalid: list[InvalidToolCall] = []
        for index in sorted(self._fragments):
            pieces = self._fragments[index]
            name = next((piece.name for piece in pieces if piece.name), "")
            call_id = next((piece.id for piece in pieces if piece.id), f"call_{index}")
            call_id = _unique(call_id, taken)
            taken.add(call_id)
            raw = "".join(piece.arguments for piece in pieces)
            arguments, error = _arguments(raw)
            if arguments is None:
                invalid.append(InvalidToolCall(type="invalid_tool_call", id=call_id, name=name, args=raw, error=error))
            else:
                calls.append(LangChainToolCall(type="tool_call", id=call_id, name=name, args=dict(arguments)))
        return AIMessage(content=text, tool_calls=calls, invalid_tool_calls=invalid)


def _unique(call_id: str, taken: Container[str]) -> str:
    """The id itself when it is not taken, else with the first number after it that makes it so."""
    return next(name for name in (call_id, *(f"{call_id}_{n}" for n in range(1, 10_000))) if name not in taken)


def _arguments(raw: str) -> tuple[Mapping[str, object] | None, str]:
    try:
        value = json.loads(raw or "{}")
    except json.JSONDecodeError as error:
        return None, _not_json(f"{error.msg} at character {error.pos}")
    return (value, "") if isinstance(value, dict) else (None, _not_json(f"a {type(value).__name__}, not an object"))


def _not_json(why: str) -> str:
    return f"The arguments were not valid JSON: {why}. Call again with a JSON object."
