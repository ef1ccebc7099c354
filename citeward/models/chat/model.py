"""A model of ours as a LangChain chat model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from operator import itemgetter
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import SkipValidation

from citeward.contracts.model import FinishReason, Model, ModelRequest, TokenUsage
from citeward.errors import InvalidInput
from citeward.models.chat.asked import SAMPLING, request_from, tool_choice_from
from citeward.models.chat.background import background
from citeward.models.chat.chunks import chunk_from, last_chunk

_METHODS = ("json_schema", "function_calling", "json_mode")
Method = Literal["json_schema", "function_calling", "json_mode"]


class CitewardChatModel(BaseChatModel):
    """Any `Model` of ours as a `BaseChatModel`: for chains, agents and graphs of your own.

    What it says is unguarded and uncited, and goes wherever LangChain's callbacks and tracers send it; Citeward's own
    graphs never use it. Errors are Citeward's own. A call that is not asynchronous runs on an event loop in a thread
    of the library's own, so it may be made anywhere; connections that it opened stay open for the next until `close`
    or the end of the process.

    The fields but `model` are what a call takes where it names nothing else; what else a chat model of LangChain may
    be made with is passed over, since keys, addresses and retries are the wrapped model's.

    Example:
        >>> from citeward.models.openai_compatible.model import OpenAICompatibleModel
        >>> chat = CitewardChatModel(model=OpenAICompatibleModel("http://127.0.0.1:8001/v1", "qwen-7b"), temperature=0)
        >>> chat.get_name()
        'CitewardChatModel'
    """

    model: SkipValidation[Model]
    """Who answers."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: list[str] | None = None
    """At most 16 texts at which the answer ends."""
    timeout: float | None = None
    """Seconds that a whole answer may take."""
    logprobs: int | None = None
    """Likeliest tokens told at each place, in `response_metadata`; 0 tells the chosen one's probability alone."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """This model with tools to call.

        Args:
            tools: Functions, tools, pydantic models, or their schemas as OpenAI or Anthropic write them.
            tool_choice: A tool's name, `any`, `none`, or None to leave it to the model.
            strict: True lets arguments have no properties besides those of the schema.
            kwargs: Further arguments of each call.

        Raises:
            InvalidInput: The model calls no tools, or a choice that cannot be made.
        """
        made = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        asked = request_from([], {"tools": made}, info=self.model.info)
        if choice := tool_choice_from(tool_choice, asked.tools):
            kwargs["tool_choice"] = choice
        return self.bind(tools=made, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Method = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """This model, answering in values of `schema`: a pydantic model, a TypedDict or a JSON schema with a title.

        Args:
            schema: What each answer is.
            include_raw: Give a dict of `raw`, `parsed` and `parsing_error` instead, and raise no parsing error.
            method: `json_schema` and `json_mode` hold the whole answer to the schema; `function_calling` has the model
                call a tool of it, for endpoints without schemas.
            strict: False sends the schema as it is; else its objects have no further properties, as OpenAI demands.
            kwargs: Further arguments of each call.

        Raises:
            InvalidInput: There is no such method, or the model cannot follow it.
        """
        if method not in _METHODS:
            raise InvalidInput(f"there is no method {method!r}", hint=f"There are {', '.join(_METHODS)}.")
        if method == "function_calling":
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        told = convert_to_json_schema(schema)
        sent = told if strict is False else convert_to_json_schema(schema, strict=True)
        form = {"type": "json_schema", "json_schema": {"name": told["title"], "schema": sent}}
        request_from([], {"response_format": form}, info=self.model.info)
        llm = self.bind(
            response_format=form,
            ls_structured_output_format={"kwargs": {"method": method, "strict": strict}, "schema": told},
            **kwargs,
        )
        parser: Runnable[Any, Any] = JsonOutputParser()
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            parser = PydanticOutputParser(pydantic_object=schema)
        return _with_raw(llm, parser) if include_raw else llm | parser

    def close(self) -> None:
        """Give back the connections of calls that were not asynchronous; a later call opens new ones.

        Those of asynchronous calls belong to their loop, and are the wrapped model's to give back there.
        """
        if (aclose := getattr(self.model, "aclose", None)) is not None:
            background.run(aclose())

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain reports each chunk itself
        **kwargs: Any,
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        finish: FinishReason | None = None
        usage: TokenUsage | None = None
        async with aclosing(self.model.stream(self._request(messages, stop, kwargs))) as deltas:
            async for delta in deltas:
                finish, usage = delta.finish_reason or finish, delta.usage or usage
                if (chunk := chunk_from(delta)) is not None:
                    yield chunk
        yield last_chunk(model=self.model.info.name, finish=finish, usage=usage)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield from background.iterate(lambda: self._astream(messages, stop, **kwargs), owner=self.model)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        async with aclosing(self._astream(messages, stop, **kwargs)) as chunks:
            return await agenerate_from_stream(chunks)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, **kwargs))

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]) -> ModelRequest:
        asked = {**self._given, **given, **({} if stop is None else {"stop": stop})}
        return request_from(messages, asked, info=self.model.info)

    @property
    def _given(self) -> dict[str, Any]:
        """What each call takes of the fields."""
        return {name: getattr(self, name) for name in (*SAMPLING, "stop", "timeout", "logprobs")}

    @property
    def _llm_type(self) -> str:
        return "citeward"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model.info.name, **self._given}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop or None, **kwargs)
        params["ls_provider"] = "citeward"
        params.setdefault("ls_model_name", self.model.info.name)
        return params

    def _resolve_model_profile(self) -> ModelProfile:
        info = self.model.info
        return ModelProfile(
            max_input_tokens=info.window,
            text_inputs=True,
            image_inputs=False,
            tool_calling=info.tools,
            tool_choice=info.tools,
            structured_output=info.schemas,
        )


def _with_raw(llm: Runnable[Any, Any], parser: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """What the model said beside what was read from it; an answer that cannot be read is no error then."""
    read = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    unread = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=llm) | read.with_fallbacks([unread], exception_key="parsing_error")
