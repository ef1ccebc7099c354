from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tracers.langchain import LangChainTracer
from langsmith.utils import get_env_var

from citeward.contracts.model import Delta, Message, ModelInfo, ModelRequest, Sampling, TokenUsage
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    CitewardError,
    ContentFiltered,
    InvalidInput,
    ModelError,
    ModelTimeout,
    Overloaded,
    RateLimited,
)
from citeward.models.langchain import LangChainModel
from citeward.models.openai_compatible.body import GO_ON
from citeward.testing.logs import captured_logs
from citeward.testing.suites.model import MODEL_CHECKS, STEADY_CHECKS, ModelCheck

INFO = ModelInfo(name="fake")
ASKED = ModelRequest(messages=(Message(role="system", content="Be brief."), Message(role="user", content="Fox?")))


class Chunks(GenericFakeChatModel):
    """Streams the chunks that it is given, and remembers what it was asked."""

    chunks: list[Any] = []  # noqa: RUF012 - a pydantic field
    asked: list[list[BaseMessage]] = []  # noqa: RUF012
    given: list[dict[str, Any]] = []  # noqa: RUF012
    messages: Any = iter(())

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        self.asked.append(messages)
        self.given.append({"stop": stop, **kwargs})
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield ChatGenerationChunk(message=chunk)


async def said(model: LangChainModel, request: ModelRequest = ASKED) -> list[Delta]:
    return [delta async for delta in model.stream(request)]


async def test_text_usage_and_the_reason_for_the_end_are_passed_on() -> None:
    end = AIMessageChunk(
        "",
        response_metadata={"stop_reason": "max_tokens"},
        usage_metadata={
            "input_tokens": 3,
            "output_tokens": 2,
            "total_tokens": 5,
            "input_token_details": {"cache_read": 1},
        },
    )
    model = LangChainModel(Chunks(chunks=[AIMessageChunk("The "), AIMessageChunk("fox."), end]), info=INFO)
    deltas = await said(model)
    assert [delta.text for delta in deltas if delta.text] == ["The ", "fox."]
    assert [d.usage for d in deltas if d.usage] == [TokenUsage(input_tokens=3, output_tokens=2, cached_tokens=1)]
    assert deltas[-1].finish_reason == "length"


async def test_fragments_of_tool_calls_keep_their_index() -> None:
    chunks = [
        AIMessageChunk("", tool_call_chunks=[{"id": "a", "name": "search", "args": "", "index": 0}]),
        AIMessageChunk("", tool_call_chunks=[{"id": None, "name": None, "args": '{"q": 1}', "index": 0}]),
        AIMessageChunk("", tool_call_chunks=[{"id": "b", "name": "search", "args": "{}", "index": None}]),
    ]
    deltas = await said(LangChainModel(Chunks(chunks=chunks), info=INFO))
    fragments = [delta.tool_call for delta in deltas if delta.tool_call]
    assert [(f.index, f.id, f.arguments) for f in fragments] == [(0, "a", ""), (0, None, '{"q": 1}'), (1, "b", "{}")]
    assert deltas[-1].finish_reason == "tool_calls"


async def test_a_request_reaches_the_model_whole() -> None:
    inner = Chunks(chunks=[AIMessageChunk("x")])
    request = ModelRequest(
        messages=(
            *ASKED.messages,
            Message(role="assistant", tool_calls=(ToolCall(id="1", name="search", arguments={"q": "fox"}),)),
            Message(role="tool", content="none", tool_call_id="1", name="search", error=True),
        ),
        sampling=Sampling(temperature=0.5, max_tokens=9, stop=("END",)),
        prefix="The fox ",
    )
    await said(LangChainModel(inner, info=INFO), request)
    (asked,), (given,) = inner.asked, inner.given
    assert [message.type for message in asked] == ["system", "human", "ai", "tool", "ai", "human"]
    assert asked[2].tool_calls[0]["args"] == {"q": "fox"} and asked[3].status == "error"  # type: ignore[attr-defined]
    assert [message.content for message in asked[4:]] == ["The fox ", GO_ON]
    assert given == {"stop": ["END"], "temperature": 0.5, "max_tokens": 9}


async def test_a_model_that_streams_nothing_is_read_as_well() -> None:
    model = LangChainModel(GenericFakeChatModel(messages=iter([AIMessage("The fox sleeps.")])), info=INFO)
    assert "".join(delta.text for delta in await said(model)) == "The fox sleeps."


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status_code = status


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (_Status(401), AuthenticationFailed),
        (_Status(429), RateLimited),
        (_Status(529), Overloaded),
        (ValueError("no"), ModelError),
        (TimeoutError(), ModelTimeout),
    ],
)
async def test_errors_become_ours(raised: Exception, expected: type[CitewardError]) -> None:
    model = LangChainModel(Chunks(chunks=[AIMessageChunk("x"), raised]), info=INFO)
    with pytest.raises(expected):
        await said(model)


async def test_what_a_package_says_is_logged_masked_and_is_no_part_of_the_error() -> None:
    asked = ASKED.messages[-1].content
    words = f"refused sk-canary-0123456789 of mona@corp.example at http://llm.corp/v1: {asked} / The canary fox"
    model = LangChainModel(Chunks(chunks=[AIMessageChunk("The canary fox "), ValueError(words)]), info=INFO)
    with captured_logs() as logs, pytest.raises(ModelError) as caught:
        await said(model)
    assert f"model {INFO.name!r} failed" in caught.value.message
    assert not any(part in str(caught.value) for part in ("canary", "corp", asked))
    (line,) = [line for line in logs if line["event"] == "upstream.failed"]
    assert not any(part in line["detail"] for part in ("canary", "corp"))
    assert "<SECRET>" in line["detail"] and "<EMAIL>" in line["detail"] and "<URL>" in line["detail"]
    assert "<REQUEST>" in line["detail"]


async def test_a_refusal_is_an_error_and_no_answer() -> None:
    end = AIMessageChunk("", response_metadata={"stop_reason": "refusal"})
    with pytest.raises(ContentFiltered, match="refused"):
        await said(LangChainModel(Chunks(chunks=[AIMessageChunk("I "), end]), info=INFO))


async def test_an_answer_without_an_end_is_one_only_where_the_package_tells_none() -> None:
    chunks = [AIMessageChunk("I ")]
    assert (await said(LangChainModel(Chunks(chunks=chunks), info=INFO)))[-1].finish_reason == "stop"
    with pytest.raises(BadResponse, match="before the end"):
        await said(LangChainModel(Chunks(chunks=chunks), info=INFO, tells_end=True))


@pytest.mark.parametrize("check", (*MODEL_CHECKS, *STEADY_CHECKS), ids=lambda check: check.__name__)
async def test_it_is_a_model(check: ModelCheck) -> None:
    chat = FakeListChatModel(responses=["It lies in the third drawer, behind the letters."])
    await check(LangChainModel(chat, info=ModelInfo(name="fake", tools=True)))


async def test_a_schema_is_refused_rather_than_forgotten() -> None:
    with pytest.raises(InvalidInput, match="schema"):
        await said(
            LangChainModel(Chunks(chunks=[]), info=INFO), ModelRequest(messages=ASKED.messages, output_schema={})
        )


async def test_a_time_that_is_over_ends_the_call() -> None:
    with pytest.raises(ModelTimeout):
        await said(
            LangChainModel(Chunks(chunks=[AIMessageChunk("x")]), info=INFO),
            ModelRequest(messages=ASKED.messages, timeout=0),
        )


async def test_what_an_app_hangs_on_the_call_is_not_inherited() -> None:
    """A tracer around the graph sees no raw token."""
    seen: list[str] = []

    class Spy(BaseCallbackHandler):
        def on_llm_new_token(self, token: str, **_: Any) -> None:
            seen.append(token)

    from langchain_core.runnables import RunnableLambda

    model = LangChainModel(Chunks(chunks=[AIMessageChunk("secret")]), info=INFO)
    outer = RunnableLambda(lambda _: _, afunc=lambda _: said(model))
    await outer.ainvoke("x", {"callbacks": [Spy()]})
    assert seen == []


async def test_no_tracer_that_the_environment_asks_for_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(LangChainTracer, "on_chat_model_start", lambda *given, **_: started.append(given))
    model = LangChainModel(Chunks(chunks=[AIMessageChunk("secret")]), info=INFO)
    get_env_var.cache_clear()
    try:
        assert "".join(delta.text for delta in await said(model)) == "secret"
    finally:
        monkeypatch.undo()
        get_env_var.cache_clear()
    assert started == []


def test_a_tool_is_bound() -> None:
    spec = ToolSpec(name="search", description="Search.", parameters={"type": "object", "properties": {}})

    class Binding(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **_: Any) -> Any:
            return self.bind(tools=tools)

    bound = LangChainModel(Binding(messages=iter(())), info=INFO)._bound(
        ModelRequest(messages=ASKED.messages, tools=(spec,))
    )
    assert bound.kwargs["tools"][0]["function"]["name"] == "search"
