"""Deltas of ours as the chunks that LangChain streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from citeward.contracts.model import Delta, FinishReason, TokenLogprob, TokenUsage


def chunk_from(delta: Delta) -> ChatGenerationChunk | None:
    """The chunk of one delta; None where it says nothing until the end.

    Thought goes where the packages of OpenAI-compatible endpoints put it, into `additional_kwargs`, from which
    LangChain makes the reasoning block of `content_blocks` (and of `content` with `output_version="v1"`).
    """
    more: dict[str, Any] = {}
    if delta.reasoning:
        more["additional_kwargs"] = {"reasoning_content": delta.reasoning}
    if (call := delta.tool_call) is not None:
        more["tool_call_chunks"] = [tool_call_chunk(name=call.name, args=call.arguments, id=call.id, index=call.index)]
    if not (delta.text or more or delta.logprobs):
        return None
    message = AIMessageChunk(content=delta.text, **more)
    if delta.logprobs:
        told = {"logprobs": {"content": [_logprob(one) for one in delta.logprobs]}}
        return ChatGenerationChunk(message=message, generation_info=told)
    return ChatGenerationChunk(message=message)


def last_chunk(*, model: str, finish: FinishReason | None, usage: TokenUsage | None) -> ChatGenerationChunk:
    """The end of the stream: who spoke, why it ended, what it took."""
    about: dict[str, Any] = {"model_name": model}
    if finish is not None:
        about["finish_reason"] = finish
    message = AIMessageChunk(
        content="", response_metadata=about, usage_metadata=_usage(usage) if usage else None, chunk_position="last"
    )
    return ChatGenerationChunk(message=message)


def _usage(usage: TokenUsage) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        input_token_details=InputTokenDetails(cache_read=usage.cached_tokens),
        output_token_details=OutputTokenDetails(reasoning=usage.reasoning_tokens),
    )


def _logprob(one: TokenLogprob) -> Mapping[str, Any]:
    top = [{"token": token, "logprob": logprob} for token, logprob in one.top.items()]
    return {"token": one.token, "logprob": one.logprob, "top_logprobs": top}
