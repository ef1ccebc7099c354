"""A request as a chat template writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from citeward.contracts.model import Message, ModelRequest
from citeward.contracts.tool import ToolSpec
from citeward.errors import InvalidInput, ModelError
from citeward.logs import masked
from citeward.models.local.markup import CALL, THINK, THOUGHT, Form


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What the model reads."""

    text: str
    thinking: bool = False
    """Whether it ends inside a thought."""
    begun: str = ""
    """Beginning of a tool call that it ends with."""


def prompt_of(tokenizer: Any, request: ModelRequest, form: Form, variables: Mapping[str, Any]) -> Prompt:
    """The whole prompt, up to where the model goes on.

    A prefix stands, to the last character, where the answer begins, so that the model goes on token for token. A
    choice of tool is forced by beginning its call. Marks that only the template may write, such as the end of a
    message, are broken up where they stand in what somebody said.

    Raises:
        InvalidInput: A tool is to be called that is not among those offered.
        ModelError: The template refuses the conversation.
    """
    offered = request.tools if form.calls and request.tool_choice != "none" else ()
    begun = _begun(request.tool_choice, offered)
    broken = _Breaker(tokenizer)
    messages = [_message(message, broken) for message in request.messages]
    tools = [_tool(spec) for spec in offered] or None
    try:
        text = tokenizer.apply_chat_template(
            messages, tools=tools, add_generation_prompt=True, tokenize=False, **variables
        )
    except Exception as error:  # templates raise Jinja's errors and whatever Python does inside them
        raise ModelError(
            "the chat template refuses the conversation",
            hint="See the model's card for the roles and the order of messages that it takes.",
            detail=masked(str(error), request=[message.content for message in request.messages]),
        ) from error
    thinking = form.thinks and str(text).rstrip().endswith(THINK)
    if thinking and (request.prefix or begun):
        text, thinking = f"{str(text).rstrip()}\n\n{THOUGHT}\n\n", False
    return Prompt(text=f"{text}{broken(request.prefix)}{begun}", thinking=thinking, begun=begun)


class _Breaker:
    """Puts a space into each special token that a text spells, which makes it text and nothing else."""

    def __init__(self, tokenizer: Any) -> None:
        special = _special(tokenizer)
        self._pattern = re.compile("|".join(map(re.escape, special))) if special else None

    def __call__(self, text: str) -> str:
        # A lone surrogate is no text to a tokenizer.
        text = text.encode("utf-8", "replace").decode()
        return self._pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text) if self._pattern else text

    def inside(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The same for every text of a call's arguments."""
        return dict(json.loads(self(json.dumps(dict(arguments), ensure_ascii=False))))


def _special(tokenizer: Any) -> list[str]:
    """Tokens with a meaning of their own, longest first; those of a letter or two are words as well."""
    added: Iterable[Any] = tokenizer.added_tokens_decoder.values()
    return sorted((token.content for token in added if token.special and len(token.content) > 2), key=len, reverse=True)


def _begun(choice: str, offered: Iterable[ToolSpec]) -> str:
    names = [spec.name for spec in offered]
    if choice in ("", "none") or not names:
        return ""
    if choice == "required":
        return f'{CALL}\n{{"name":'
    if choice not in names:
        raise InvalidInput(f"there is no tool {choice!r} to call", hint=f"Offered are {', '.join(names)}.")
    return f'{CALL}\n{{"name": "{choice}", "arguments":'


def _message(message: Message, broken: _Breaker) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": broken(message.content)}
    if message.tool_calls:
        told = [(call, {"name": call.name, "arguments": broken.inside(call.arguments)}) for call in message.tool_calls]
        made["tool_calls"] = [{"id": call.id, "type": "function", "function": function} for call, function in told]
    if message.role == "tool":
        made |= {"tool_call_id": message.tool_call_id or "", "name": message.name or ""}
    return made


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)}
    return {"type": "function", "function": function}
