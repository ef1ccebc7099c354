"""Any chat model of LangChain as one of ours."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from citeward.contracts.model import Delta, FinishReason, Message, ModelInfo, ModelRequest, TokenUsage, ToolCallFragment
from citeward.errors import BadResponse, CitewardError, ContentFiltered, InvalidInput, ModelTimeout
from citeward.models.langchain_errors import translated
from citeward.models.lazy import close
from citeward.models.openai_compatible.body import GO_ON

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

_FINISHED: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_CHOICES = {"required": "any"}
"""How LangChain's packages name what they do not name as we do."""


class LangChainModel:
    """A `Model` of a LangChain `BaseChatModel`, from any of its packages.

    Its callbacks are switched off for the call, and LangSmith's tracing too, also where the environment asks for it:
    unguarded text must reach neither a tracer nor a handler.

    Args:
        model: The chat model, made and ready.
        info: What the router and people need to know of it.
        tells_end: Whether each of its answers says why it ended, so that one that does not was broken off.
    """

    def __init__(self, model: BaseChatModel, *, info: ModelInfo, tells_end: bool = False) -> None:
        self._model = model
        self._info = info
        self._tells_end = tells_end

    @property
    def info(self) -> ModelInfo:
        """As given."""
        return self._info

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The answer piece by piece.

        Raises:
            ModelTimeout: The request's own time is over.
            ContentFiltered: The model or its filter refused.
            BadResponse: The answer ended before its end.
            ModelError: The chat model raised; which error of ours it is, `translated` says.
        """
        from langsmith import tracing_context

        until = None if request.timeout is None else time.monotonic() + request.timeout
        index = _Indices()
        finish: FinishReason | None = None
        called = False
        said: list[str] = []
        try:
            chunks = self._bound(request).astream(_messages(request), {"callbacks": [], "tags": [], "metadata": {}})
            async with aclosing(chunks):
                while True:
                    async with asyncio.timeout(None if until is None else until - time.monotonic()):
                        with tracing_context(enabled=False):
                            chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    for delta in _deltas(chunk, index):
                        called = called or delta.tool_call is not None
                        said.append(delta.text)
                        yield delta
                    finish = _finish(chunk) or finish
        except CitewardError:
            raise
        except TimeoutError as error:
            raise ModelTimeout(
                f"model {self._info.name!r} was silent for too long", hint="Give the run more time, or ask for less."
            ) from error
        except Exception as error:
            texts = [message.content for message in request.messages]
            raise translated(self._info.name, error, request=[*texts, request.prefix, "".join(said)]) from error
        if finish == "content_filter":
            raise ContentFiltered(
                f"model {self._info.name!r} refused to answer, or to go on", hint="Ask another model, or ask otherwise."
            )
        if finish is None and self._tells_end:
            raise BadResponse(
                f"model {self._info.name!r} ended its answer before the end", hint="Try again, or ask another model."
            )
        yield Delta(finish_reason=finish or ("tool_calls" if called else "stop"))

    async def aclose(self) -> None:
        """Close the chat model's connections, where it has a way to."""
        await close(self._model)

    def _bound(self, request: ModelRequest) -> Any:
        model: Any = self._model
        if request.output_schema is not None:
            raise InvalidInput(
                f"{self._info.name} is asked for a JSON schema, which LangChain's models take in ways of their own",
                hint="Route such requests to an OpenAI-compatible endpoint.",
            )
        if request.tools and request.tool_choice != "none":
            # Not every package takes a choice, so it is named only where there is one.
            choice = (
                {"tool_choice": _CHOICES.get(request.tool_choice, request.tool_choice)} if request.tool_choice else {}
            )
            tools = [_tool(spec.name, spec.description, spec.parameters) for spec in request.tools]
            model = model.bind_tools(tools, **choice)
        sampling = request.sampling
        given: dict[str, Any] = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
        }
        kwargs: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if sampling.stop:
            kwargs["stop"] = list(sampling.stop)
        return model.bind(**kwargs) if kwargs else model


class _Indices:
    """Numbers for tool calls whose fragments name none: a fragment with an id begins the next."""

    def __init__(self) -> None:
        self._last = -1

    def of(self, given: Any, call_id: str | None) -> int:
        if isinstance(given, int):
            self._last = given
        elif call_id or self._last < 0:
            self._last += 1
        return self._last


def _deltas(chunk: AIMessageChunk, index: _Indices) -> Iterator[Delta]:
    for block in chunk.content_blocks:
        if block["type"] == "reasoning" and block.get("reasoning"):
            yield Delta(reasoning=str(block["reasoning"]))
    text = str(chunk.text)
    if text:
        yield Delta(text=text)
    for call in chunk.tool_call_chunks:
        place = index.of(call.get("index"), call.get("id"))
        yield Delta(
            tool_call=ToolCallFragment(
                index=place, id=call.get("id"), name=call.get("name"), arguments=call.get("args") or ""
            )
        )
    if chunk.usage_metadata:
        usage = chunk.usage_metadata
        yield Delta(
            usage=TokenUsage(
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
                cached_tokens=usage.get("input_token_details", {}).get("cache_read", 0) or 0,
                reasoning_tokens=usage.get("output_token_details", {}).get("reasoning", 0) or 0,
            )
        )


def _finish(chunk: AIMessageChunk) -> FinishReason | None:
    told = chunk.response_metadata.get("finish_reason") or chunk.response_metadata.get("stop_reason")
    return _FINISHED.get(str(told)) if told else None


def _messages(request: ModelRequest) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage

    messages = [_message(message) for message in request.messages]
    if request.prefix:
        messages += [AIMessage(request.prefix), HumanMessage(GO_ON)]
    return messages


def _message(message: Message) -> BaseMessage:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage

    if message.role == "tool":
        return ToolMessage(
            message.content,
            tool_call_id=message.tool_call_id or "",
            name=message.name,
            status="error" if message.error else "success",
        )
    if message.role == "assistant":
        calls = [ToolCall(id=c.id, name=c.name, args=dict(c.arguments), type="tool_call") for c in message.tool_calls]
        return AIMessage(message.content, tool_calls=calls)
    return SystemMessage(message.content) if message.role == "system" else HumanMessage(message.content)


def _tool(name: str, description: str, parameters: Any) -> dict[str, Any]:
    function = {"name": name, "description": description, "parameters": json.loads(json.dumps(dict(parameters)))}
    return {"type": "function", "function": function}
