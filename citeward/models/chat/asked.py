"""What a chat model of LangChain is asked, as a request of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool

from citeward.contracts.model import ModelInfo, ModelRequest, Sampling
from citeward.contracts.tool import ToolSpec
from citeward.errors import InvalidInput
from citeward.models.chat.messages import messages_from

SAMPLING = ("temperature", "top_p", "top_k", "max_tokens", "seed")
_KNOWN = {*SAMPLING, "stop", "timeout", "logprobs", "top_logprobs", "tools", "tool_choice", "response_format"}
_MEANT_FOR_LANGCHAIN = {"stream", "stream_usage"}
"""Streamed or not is LangChain's own business, and usage is always told."""


def request_from(messages: Sequence[BaseMessage], given: Mapping[str, Any], *, info: ModelInfo) -> ModelRequest:
    """The request that the messages and the call's arguments make.

    Raises:
        InvalidInput: An argument that is not known or out of range, or that this model cannot follow.
    """
    if unknown := given.keys() - _KNOWN - _MEANT_FOR_LANGCHAIN:
        raise InvalidInput(f"{min(unknown)!r} is no argument of a call", hint=f"There are {', '.join(sorted(_KNOWN))}.")
    tools = tuple(_spec(tool) for tool in given.get("tools") or ())
    schema = _schema(given.get("response_format"))
    if tools and not info.tools:
        raise InvalidInput(f"{info.name!r} calls no tools", hint="Choose a model whose `info.tools` is True.")
    if schema is not None and not info.schemas:
        raise InvalidInput(
            f"{info.name!r} cannot be held to a schema", hint="Choose a model whose `info.schemas` is True."
        )
    return ModelRequest(
        messages=messages_from(messages),
        tools=tools,
        tool_choice=tool_choice_from(given.get("tool_choice"), tools) if tools else "",
        sampling=Sampling(
            **{name: given[name] for name in SAMPLING if given.get(name) is not None},
            stop=tuple(given.get("stop") or ()),
        ),
        timeout=given.get("timeout"),
        output_schema=schema,
        logprobs=_logprobs(given.get("logprobs"), given.get("top_logprobs")),
    )


def tool_choice_from(given: Any, tools: Sequence[ToolSpec]) -> str:
    """A choice of tool as `ModelRequest.tool_choice` has it.

    Args:
        given: A tool's name, `any` or `required` or True, `none`, `auto` or None, or the protocol's own
            `{"type": "function", "function": {"name": …}}`.
        tools: What there is to choose from.

    Raises:
        InvalidInput: No such choice.
    """
    if isinstance(given, Mapping):
        given = (given.get("function") or {}).get("name", given)
    if given in (None, False, "", "auto"):
        return ""
    if given in (True, "any", "required"):
        return "required"
    names = [tool.name for tool in tools]
    if given == "none" or given in names:
        return str(given)
    raise InvalidInput(f"tool_choice {given!r} cannot be made", hint=f"There are any, auto, none, {', '.join(names)}.")


def _spec(given: Any) -> ToolSpec:
    function = convert_to_openai_tool(given)["function"]
    return ToolSpec(
        name=function["name"],
        description=function.get("description", ""),
        parameters=function.get("parameters") or {"type": "object", "properties": {}},
    )


def _schema(given: Any) -> Mapping[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        return convert_to_json_schema(given)
    match given.get("type"):
        case "json_schema":
            schema: Mapping[str, Any] = given["json_schema"]["schema"]
            return schema
        case "json_object":
            return {"type": "object"}
        case "text":
            return None
    raise InvalidInput(
        f"response_format {str(given)[:80]!r} is not known", hint="Its type is json_schema, json_object or text."
    )


def _logprobs(given: Any, top: int | None) -> int | None:
    """A number, or the protocol's pair of a switch and a number."""
    if given is True:
        return top or 0
    return None if given is False else given
