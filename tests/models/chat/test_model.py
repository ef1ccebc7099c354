import threading
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ChatMessage, HumanMessage, ToolMessage
from pydantic import BaseModel

from citeward import CitewardChatModel
from citeward.contracts.model import Delta, Message, ModelInfo, ModelRequest, Sampling, TokenLogprob, TokenUsage
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import InvalidInput, RateLimited
from citeward.models.langchain import LangChainModel
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.testing.upstream import Turn, Upstream

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells.", "parameters": {"type": "object", "properties": {}}},
}


class Says:
    """A `Model` that gives the deltas that it is made with, and keeps what it was asked."""

    def __init__(self, *deltas: Delta, **info: Any) -> None:
        self.info = ModelInfo(name="says", **{"tools": True, **info})
        self.asked: list[ModelRequest] = []
        self.closed = threading.Event()
        self._deltas = deltas

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        self.asked.append(request)
        try:
            for delta in self._deltas:
                yield delta
        finally:
            self.closed.set()


HELLO = (
    Delta(reasoning="They greet "),
    Delta(reasoning="me."),
    Delta(text="Hel", logprobs=(TokenLogprob(token="Hel", logprob=-0.5, top={"Hel": -0.5, "Good": -1.0}),)),
    Delta(text="lo.", logprobs=(TokenLogprob(token="lo.", logprob=-0.25),)),
    Delta(finish_reason="length"),
    Delta(usage=TokenUsage(input_tokens=7, output_tokens=5, cached_tokens=4, reasoning_tokens=2)),
)


async def test_an_answer_comes_with_its_usage_its_end_and_the_name_of_the_model() -> None:
    said = await CitewardChatModel(model=Says(*HELLO)).ainvoke("Hello?")
    assert said.text == "Hello."
    assert said.usage_metadata == {
        "input_tokens": 7,
        "output_tokens": 5,
        "total_tokens": 12,
        "input_token_details": {"cache_read": 4},
        "output_token_details": {"reasoning": 2},
    }
    assert said.response_metadata["model_name"] == "says"
    assert said.response_metadata["finish_reason"] == "length"
    assert said.response_metadata["logprobs"]["content"] == [
        {
            "token": "Hel",
            "logprob": -0.5,
            "top_logprobs": [{"token": "Hel", "logprob": -0.5}, {"token": "Good", "logprob": -1.0}],
        },
        {"token": "lo.", "logprob": -0.25, "top_logprobs": []},
    ]


@pytest.mark.parametrize("version", ["v0", "v1"])
async def test_thought_is_a_content_block_of_its_own(version: str) -> None:
    said = await CitewardChatModel(model=Says(*HELLO), output_version=version).ainvoke("Hello?")
    kinds = [(block["type"], block.get("reasoning") or block.get("text")) for block in said.content_blocks]
    assert kinds == [("reasoning", "They greet me."), ("text", "Hello.")]


def test_only_the_last_chunk_tells_the_usage() -> None:
    chunks = list(CitewardChatModel(model=Says(*HELLO)).stream("Hello?"))
    assert [bool(chunk.usage_metadata) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].chunk_position == "last"


async def test_pieces_of_parallel_tool_calls_find_their_call() -> None:
    calls = (ToolCall(id="a", name="one", arguments={"x": 1}), ToolCall(id="b", name="two", arguments={"y": "zwei"}))
    async with Upstream(Turn(text=("Let me see.",), tool_calls=calls)) as server:
        model = OpenAICompatibleModel(server.url, "m")
        said = await CitewardChatModel(model=model).bind_tools([WEATHER]).ainvoke("Both, please.")
        await model.aclose()
    assert [(call["id"], call["name"], call["args"]) for call in said.tool_calls] == [
        ("a", "one", {"x": 1}),
        ("b", "two", {"y": "zwei"}),
    ]
    assert said.response_metadata["finish_reason"] == "tool_calls"


async def test_a_conversation_reaches_the_model_whole() -> None:
    model = Says(*HELLO)
    call: Any = {"id": "c1", "name": "weather", "args": {"at": "Rom"}, "type": "tool_call"}
    conversation: list[BaseMessage] = [
        ChatMessage("Be brief.", role="developer"),
        HumanMessage([{"type": "text", "text": "Will it "}, "rain?"]),
        AIMessage(
            [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "See: "}, {"type": "tool_use"}],
            tool_calls=[call],
        ),
        ToolMessage("no idea", tool_call_id="c1", name="weather", status="error"),
    ]
    await CitewardChatModel(model=model).ainvoke(conversation)
    assert model.asked[0].messages == (
        Message(role="system", content="Be brief."),
        Message(role="user", content="Will it rain?"),
        Message(
            role="assistant",
            content="See: ",
            tool_calls=(ToolCall(id="c1", name="weather", arguments={"at": "Rom"}),),
        ),
        Message(role="tool", content="no idea", tool_call_id="c1", name="weather", error=True),
    )


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
        {"type": "image", "base64": "AAAA", "mime_type": "image/png"},
        {"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"},
    ],
)
async def test_what_is_no_text_is_refused_before_anything_is_sent(block: dict[str, Any]) -> None:
    model = Says(*HELLO)
    with pytest.raises(InvalidInput, match=f"content of type '{block['type']}'"):
        await CitewardChatModel(model=model).ainvoke([HumanMessage([{"type": "text", "text": "See:"}, block])])
    assert not model.asked


async def test_a_call_goes_before_the_fields() -> None:
    model = Says(*HELLO)
    chat = CitewardChatModel(model=model, temperature=0.5, max_tokens=9, seed=1, stop=["END"], timeout=30, logprobs=2)
    await chat.ainvoke("Hello?", stop=["x"], temperature=0.0, top_k=3, logprobs=False)
    [asked] = model.asked
    assert asked.sampling == Sampling(temperature=0.0, top_k=3, max_tokens=9, seed=1, stop=("x",))
    assert (asked.timeout, asked.logprobs) == (30, None)


async def test_an_argument_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'temprature' is no argument"):
        await CitewardChatModel(model=Says(*HELLO)).ainvoke("Hello?", temprature=0.0)


@pytest.mark.parametrize(
    ("choice", "asked"),
    [
        (None, ""),
        ("auto", ""),
        ("any", "required"),
        (True, "required"),
        ("none", "none"),
        ("weather", "weather"),
        ({"type": "function", "function": {"name": "weather"}}, "weather"),
    ],
)
async def test_a_choice_of_tool_is_passed_on(choice: Any, asked: str) -> None:
    model = Says(*HELLO)
    await CitewardChatModel(model=model).bind_tools([WEATHER], tool_choice=choice).ainvoke("Rain?")
    assert model.asked[0].tool_choice == asked
    assert [tool.name for tool in model.asked[0].tools] == ["weather"]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("any", "required"),
        ("none", "none"),
        ("weather", {"type": "function", "function": {"name": "weather"}}),
        (None, None),
    ],
)
async def test_a_choice_of_tool_reaches_the_server(choice: str | None, sent: Any) -> None:
    async with Upstream(Turn(text=("ok",))) as server:
        model = OpenAICompatibleModel(server.url, "m")
        await CitewardChatModel(model=model).bind_tools([WEATHER], tool_choice=choice).ainvoke("Rain?")
        await model.aclose()
    assert server.requests[0].body.get("tool_choice") == sent


async def test_a_choice_of_tool_reaches_a_chat_model_of_langchain() -> None:
    model = Says(*HELLO)
    there = LangChainModel(CitewardChatModel(model=model), info=ModelInfo(name="round", tools=True))
    weather = ToolSpec(name="weather", description="Tells.", parameters={"type": "object", "properties": {}})
    asked = ModelRequest(messages=(Message(role="user", content="Rain?"),), tools=(weather,), tool_choice="weather")
    assert [delta async for delta in there.stream(asked)]
    assert model.asked[0].tool_choice == "weather"


@pytest.mark.parametrize("choice", ["wether", {"type": "tool"}])
def test_a_choice_that_cannot_be_made_is_refused(choice: Any) -> None:
    with pytest.raises(InvalidInput, match="cannot be made"):
        CitewardChatModel(model=Says()).bind_tools([WEATHER], tool_choice=choice)


def test_a_model_without_tools_is_given_none() -> None:
    with pytest.raises(InvalidInput, match="calls no tools"):
        CitewardChatModel(model=Says(tools=False)).bind_tools([WEATHER])


class Joke(BaseModel):
    setup: str
    punchline: str = "none"


def test_a_structured_answer_is_asked_for_by_its_schema() -> None:
    model = Says(Delta(text='{"setup": "A cat, '), Delta(text='a hat."}'), Delta(finish_reason="stop"))
    assert CitewardChatModel(model=model).with_structured_output(Joke).invoke("Joke.") == Joke(setup="A cat, a hat.")
    schema = model.asked[0].output_schema
    assert schema is not None
    assert set(schema["properties"]) == {"setup", "punchline"}
    assert schema["additionalProperties"] is False


def test_an_answer_that_cannot_be_read_comes_raw_where_that_is_wanted() -> None:
    model = Says(Delta(text="I know no joke."), Delta(finish_reason="stop"))
    said = CitewardChatModel(model=model).with_structured_output(Joke, include_raw=True).invoke("Joke.")
    assert said["raw"].text == "I know no joke."
    assert said["parsed"] is None
    assert said["parsing_error"]


def test_a_model_without_schemas_gives_no_structured_answer_by_them() -> None:
    chat = CitewardChatModel(model=Says(schemas=False))
    with pytest.raises(InvalidInput, match="cannot be held to a schema"):
        chat.with_structured_output(Joke)
    assert chat.with_structured_output(Joke, method="function_calling")


async def test_our_errors_pass_through() -> None:
    async with Upstream(Turn(status=429, retry_after=9)) as server:
        model = OpenAICompatibleModel(server.url, "m", retries=0)
        with pytest.raises(RateLimited) as raised:
            await CitewardChatModel(model=model).ainvoke("Hello?")
        await model.aclose()
    assert raised.value.retry_after == 9


def test_our_errors_pass_through_to_callers_that_do_not_await() -> None:
    class Fails(Says):
        async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
            yield Delta(text="Hel")
            raise RateLimited("slow down", hint="Wait.")

    chunks = CitewardChatModel(model=Fails()).stream("Hello?")
    assert next(chunks).text == "Hel"
    with pytest.raises(RateLimited, match="slow down"):
        next(chunks)


async def test_a_call_that_does_not_await_may_be_made_on_a_running_loop() -> None:
    assert CitewardChatModel(model=Says(*HELLO)).invoke("Hello?").text == "Hello."


def test_leaving_a_stream_early_ends_the_call() -> None:
    model = Says(*HELLO)
    chunks = CitewardChatModel(model=model).stream("Hello?")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # the iterator is a generator
    assert model.closed.wait(10)


async def test_leaving_an_asynchronous_stream_early_closes_its_connection() -> None:
    async with Upstream(Turn(text=("a", "b", "c"), stall_at=2)) as server:
        model = OpenAICompatibleModel(server.url, "m")
        chunks = CitewardChatModel(model=model).astream("Hello?")
        assert (await anext(chunks)).text == "a"
        await chunks.aclose()  # type: ignore[attr-defined]
        await server.idle()
        await model.aclose()
    assert server.abandoned == 1


async def test_ours_through_langchain_and_back_says_the_same() -> None:
    there = LangChainModel(CitewardChatModel(model=Says(*HELLO)), info=ModelInfo(name="round", tools=True))
    deltas = [delta async for delta in there.stream(ModelRequest(messages=(Message(role="user", content="Hello?"),)))]
    assert "".join(delta.text for delta in deltas) == "Hello."
    assert "".join(delta.reasoning for delta in deltas) == "They greet me."
    assert deltas[-1].finish_reason == "length"
    assert [delta.usage for delta in deltas if delta.usage] == [HELLO[-1].usage]


def test_sums_of_chunks_are_what_a_call_gives() -> None:
    chat = CitewardChatModel(model=Says(*HELLO))
    whole: AIMessageChunk | None = None
    for chunk in chat.stream("Hello?"):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    said = chat.invoke("Hello?")
    assert whole is not None
    assert (whole.content, whole.usage_metadata, whole.response_metadata) == (
        said.content,
        said.usage_metadata,
        said.response_metadata,
    )
