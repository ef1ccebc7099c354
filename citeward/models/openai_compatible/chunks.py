"""The chunks of a streamed completion as deltas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from citeward.contracts.model import Delta, FinishReason, TokenLogprob, TokenUsage, ToolCallFragment
from citeward.endpoint.refusal import shape
from citeward.errors import BadResponse, ContentFiltered, ContextTooLong, ModelError, Overloaded, RateLimited

_FINISHED: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def deltas(chunk: Any, *, server: str) -> Iterator[Delta]:
    """What one chunk says, in the order in which it is read: reasoning, text, tool calls, the end, usage.

    Args:
        chunk: A `chat.completion.chunk`, parsed.
        server: As errors name it: `model 'small'`.

    Raises:
        BadResponse: It is no such chunk.
        ModelError: The server reports an error in the middle of its stream.
        ContentFiltered: The server's filter cut the answer.
    """
    if not isinstance(chunk, dict):
        raise _garbled(server, chunk)
    if "error" in chunk:
        raise _reported(chunk["error"], server)
    try:
        for choice in chunk.get("choices") or ():
            if choice.get("index", 0) == 0:
                yield from _choice(choice, server)
        usage = chunk.get("usage")
        if usage:
            yield Delta(usage=_usage(usage))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _garbled(server, chunk) from error


def _choice(choice: Mapping[str, Any], server: str) -> Iterator[Delta]:
    said = choice.get("delta") or {}
    # vLLM calls it `reasoning`, DeepSeek and older versions of vLLM `reasoning_content`.
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    if reasoning:
        yield Delta(reasoning=_text(reasoning))
    text = said.get("content")
    logprobs = choice.get("logprobs")
    if text or logprobs:
        yield Delta(text=_text(text or ""), logprobs=_logprobs(logprobs) if logprobs else ())
    if said.get("refusal"):
        yield Delta(text=_text(said["refusal"]))
    for call in said.get("tool_calls") or ():
        function = call.get("function") or {}
        yield Delta(
            tool_call=ToolCallFragment(
                index=int(call["index"]),
                id=call.get("id") or None,
                name=function.get("name") or None,
                arguments=_text(function.get("arguments") or ""),
            )
        )
    finished = choice.get("finish_reason")
    if finished == "content_filter":
        raise ContentFiltered(
            f"{server} cut the answer by its own content filter", hint="Ask another model, or ask otherwise."
        )
    if finished:
        yield Delta(finish_reason=_FINISHED.get(finished, "stop"))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} is not text")
    return value


def _usage(usage: Mapping[str, Any]) -> TokenUsage:
    return TokenUsage(
        input_tokens=int(usage.get("prompt_tokens") or 0),
        output_tokens=int(usage.get("completion_tokens") or 0),
        cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
        reasoning_tokens=int((usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0),
    )


def _logprobs(given: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(
            token=one["token"],
            logprob=float(one["logprob"]),
            top={other["token"]: float(other["logprob"]) for other in one.get("top_logprobs") or ()},
        )
        for one in given.get("content") or ()
    )


def _reported(error: Any, server: str) -> ModelError:
    """An error that came as a chunk, after the stream had begun."""
    fields = error if isinstance(error, dict) else {"message": str(error)}
    detail = str(fields.get("message") or fields)
    message = f"{server} broke off with an error of its own"
    kind = f"{fields.get('type', '')} {fields.get('code', '')}".lower()
    if "rate" in kind or "429" in kind:
        return RateLimited(message, hint="Wait and try again, or send less a minute.", detail=detail)
    if "overload" in kind or "503" in kind:
        return Overloaded(message, hint="Try again later, or send fewer requests at a time.", detail=detail)
    if "context_length" in kind:
        return ContextTooLong(message, hint="Send less, or choose a model with a larger window.", detail=detail)
    if "content_filter" in kind:
        return ContentFiltered(message, hint="Ask another model, or ask otherwise.", detail=detail)
    return ModelError(message, hint="See the server's own log.", detail=detail)


def _garbled(server: str, chunk: Any) -> BadResponse:
    return BadResponse(
        f"{server} sent what is not a chunk of a chat completion ({shape(chunk)})",
        hint="Is its `url` the address of an OpenAI-compatible API, up to and with its version "
        "(as http://127.0.0.1:8001/v1)?",
    )
