"""A request as the OpenAI chat protocol writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from citeward.contracts.model import Message, ModelRequest
from citeward.contracts.tool import ToolSpec
from citeward.errors import InvalidInput
from citeward.models.openai_compatible.dialect import Dialect
from citeward.models.openai_compatible.strict import strict, without_patterns

MOST_LOGPROBS = 20
GO_ON = "Go on exactly where your last message stops. Repeat nothing of it, and do not comment on this."
"""Said to a model that cannot continue a message of its own."""


def body(request: ModelRequest, *, model: str, dialect: Dialect, extra: Mapping[str, Any]) -> dict[str, Any]:
    """What is posted to `/chat/completions`.

    Args:
        request: What is asked for.
        model: The model's name on the server.
        dialect: How this server differs.
        extra: Fields that are laid over everything else.

    Raises:
        InvalidInput: A number of log probabilities out of range.
    """
    messages = [_message(message) for message in request.messages]
    made: dict[str, Any] = {"model": model, "messages": messages, "stream": True}
    made["stream_options"] = {"include_usage": True}
    if request.tools:
        made["tools"] = [_tool(spec, dialect) for spec in request.tools]
        if request.tool_choice:
            made["tool_choice"] = _tool_choice(request.tool_choice)
    if request.output_schema is not None:
        schema = {"name": "answer", "schema": dict(request.output_schema), "strict": True}
        made["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.prefix:
        _continue(made, request.prefix, dialect)
    if request.logprobs is not None:
        if not 0 <= request.logprobs <= MOST_LOGPROBS:
            raise InvalidInput(f"logprobs {request.logprobs!r} is out of range", hint=f"ask for 0 to {MOST_LOGPROBS}")
        made |= {"logprobs": True, "top_logprobs": request.logprobs}
    return made | _sampling(request, dialect) | dict(extra)


def _sampling(request: ModelRequest, dialect: Dialect) -> dict[str, Any]:
    sampling = request.sampling
    named = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k if dialect.top_k else None,
        dialect.max_tokens: sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": sampling.seed,
    }
    return {name: value for name, value in named.items() if value is not None}


def _continue(made: dict[str, Any], prefix: str, dialect: Dialect) -> None:
    made["messages"].append({"role": "assistant", "content": prefix})
    if dialect.continues:
        made |= {"continue_final_message": True, "add_generation_prompt": False}
    else:
        made["messages"].append({"role": "user", "content": GO_ON})


def _message(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        made["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        made["tool_call_id"] = message.tool_call_id or ""
    return made


def _tool(spec: ToolSpec, dialect: Dialect) -> dict[str, Any]:
    parameters = without_patterns(spec.parameters) if dialect.strict_tools == "plain" else dict(spec.parameters)
    function: dict[str, Any] = {"name": spec.name, "description": spec.description, "parameters": parameters}
    if strict(parameters, dialect.strict_tools):
        function["strict"] = True
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> str | dict[str, Any]:
    return choice if choice in ("required", "none") else {"type": "function", "function": {"name": choice}}
