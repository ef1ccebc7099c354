"""Tokens and dollars of a call, as the endpoint told them or as the text lets them be estimated."""

from __future__ import annotations

import json

from citeward.contracts.model import ModelInfo, ModelRequest, TokenUsage
from citeward.text.tokens import estimate_tokens

ANSWER_TOKENS = 500
"""Length of an answer by which a call's price is estimated, where nothing limits it."""
_MESSAGE = 4
"""Tokens that a chat template puts around each message."""


def price(info: ModelInfo, tokens: TokenUsage) -> float:
    """US dollars; prices are per million tokens, and cached input is charged as input."""
    return (tokens.input_tokens * info.input_price + tokens.output_tokens * info.output_price) / 1e6


def free(info: ModelInfo) -> bool:
    """Whether the model costs nothing."""
    return not (info.input_price or info.output_price)


def prompt_tokens(request: ModelRequest) -> int:
    """About how many tokens the request has: its messages, its tools, its schema, and what is to be continued."""
    said = sum(estimate_tokens(message.content) + _MESSAGE for message in request.messages)
    called = sum(
        estimate_tokens(json.dumps(dict(call.arguments))) for message in request.messages for call in message.tool_calls
    )
    offered = sum(
        estimate_tokens(f"{tool.name} {tool.description} {json.dumps(dict(tool.parameters))}") for tool in request.tools
    )
    schema = estimate_tokens(json.dumps(dict(request.output_schema))) if request.output_schema else 0
    return said + called + offered + schema + estimate_tokens(request.prefix)


def quote(info: ModelInfo, request: ModelRequest) -> float:
    """US dollars that a call may come to: its prompt, and the longest answer that the request allows."""
    if free(info):
        return 0.0
    prompt = prompt_tokens(request)
    room = max(0, info.window - prompt)
    answer = min(request.sampling.max_tokens or ANSWER_TOKENS, room)
    return price(info, TokenUsage(input_tokens=prompt, output_tokens=answer))
