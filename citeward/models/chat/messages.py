"""LangChain's messages as ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage

from citeward.contracts.model import Message, Role
from citeward.contracts.tool import ToolCall
from citeward.errors import InvalidInput

_ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_CALLS = ("tool_use", "tool_call", "tool_call_chunk", "invalid_tool_call", "input_json_delta")
_THOUGHTS = ("reasoning", "thinking")
_NOT_SAID = (*_CALLS, *_THOUGHTS)
"""Blocks of an assistant's message that are no text: its calls stand in `tool_calls`, its thoughts are not repeated."""


def messages_from(given: Sequence[BaseMessage]) -> tuple[Message, ...]:
    """The conversation as a `ModelRequest` takes it. A person's `name` is left out: no model of ours is told it.

    Raises:
        InvalidInput: A kind of message, or of content, that our models do not read; images among them.
    """
    return tuple(_message(message) for message in given)


def _message(given: BaseMessage) -> Message:
    text = "".join(_texts(given))
    if isinstance(given, SystemMessage):
        return Message(role="system", content=text)
    if isinstance(given, HumanMessage):
        return Message(role="user", content=text)
    if isinstance(given, AIMessage):
        # Calls whose arguments were no JSON (`invalid_tool_calls`) were never run, so no tool message answers them.
        calls = [ToolCall(id=call["id"] or "", name=call["name"], arguments=call["args"]) for call in given.tool_calls]
        return Message(role="assistant", content=text, tool_calls=tuple(calls))
    if isinstance(given, ToolMessage):
        failed = given.status == "error"
        return Message(role="tool", content=text, tool_call_id=given.tool_call_id, name=given.name, error=failed)
    if isinstance(given, ChatMessage) and given.role in _ROLES:
        return Message(role=_ROLES[given.role], content=text)
    raise InvalidInput(
        f"a message of type {given.type!r} cannot be sent", hint="Send system, human, AI and tool messages."
    )


def _texts(given: BaseMessage) -> Iterator[str]:
    content: str | list[Any] = given.content
    for block in [content] if isinstance(content, str) else content:
        kind = "text" if isinstance(block, str) else block.get("type")
        if isinstance(block, str):
            yield block
        elif kind == "text":
            yield str(block.get("text", ""))
        elif not (isinstance(given, AIMessage) and kind in _NOT_SAID):
            raise InvalidInput(
                f"content of type {kind!r} in a message of type {given.type!r} cannot be sent",
                hint="Citeward's models read text; put what an image or a file says into words.",
            )
