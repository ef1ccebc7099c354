"""The client against a real server on loopback that does what each test wants."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citeward.contracts.model import Delta, Location, Message, ModelRequest, Sampling, TokenUsage
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    CitewardError,
    ContentFiltered,
    ContextTooLong,
    InvalidInput,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    NotFound,
    Overloaded,
    RateLimited,
    SettingsError,
)
from citeward.models.openai_compatible.body import GO_ON
from citeward.models.openai_compatible.dialect import OPENAI, VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.testing.suites.model import MODEL_CHECKS, SAMPLED_CHECKS, STEADY_CHECKS, ModelCheck
from citeward.testing.upstream import Received, Turn, Upstream

ASKED = ModelRequest(messages=(Message(role="user", content="Hello?"),))
SEARCH = ToolSpec(name="search", description="Search.", parameters={"type": "object", "properties": {}})


@asynccontextmanager
async def client(server: Upstream, **more: object) -> AsyncIterator[OpenAICompatibleModel]:
    model = OpenAICompatibleModel(server.url, "m", **{"retries": 0, **more})  # type: ignore[arg-type]
    try:
        yield model
    finally:
        await model.aclose()


async def said(model: OpenAICompatibleModel, request: ModelRequest = ASKED) -> list[Delta]:
    return [delta async for delta in model.stream(request)]


async def said_until_it_failed(
    model: OpenAICompatibleModel, request: ModelRequest = ASKED
) -> tuple[str, CitewardError]:
    text = ""
    try:
        async for delta in model.stream(request):
            text += delta.text
    except CitewardError as error:
        return text, error
    raise AssertionError("the stream ended without an error")


async def test_text_comes_piece_by_piece_then_the_reason_then_the_usage() -> None:
    async with (
        Upstream(Turn(reasoning=("Hm.",), text=("Hel", "lo", "."), usage=(7, 3))) as server,
        client(server) as model,
    ):
        deltas = await said(model)
    assert [d.reasoning for d in deltas if d.reasoning] == ["Hm."]
    assert [d.text for d in deltas if d.text] == ["Hel", "lo", "."]
    assert deltas[-2].finish_reason == "stop"
    assert deltas[-1].usage == TokenUsage(input_tokens=7, output_tokens=3)


async def test_parallel_tool_calls_keep_their_index() -> None:
    calls = [ToolCall(id=f"c{n}", name="search", arguments={"query": f"fox {n}"}) for n in range(2)]
    async with Upstream(Turn(tool_calls=calls)) as server, client(server) as model:
        fragments = [d.tool_call for d in await said(model) if d.tool_call]
    for index, call in enumerate(calls):
        mine = [fragment for fragment in fragments if fragment.index == index]
        assert (mine[0].id, mine[0].name) == (call.id, "search")
        assert "".join(fragment.arguments for fragment in mine) == f'{{"query": "fox {index}"}}'
    assert [fragment.index for fragment in fragments[2:6]] == [0, 1, 0, 1], "their pieces took turns"


async def test_a_request_says_all_that_was_asked_for() -> None:
    request = ModelRequest(
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content="Fox?"),
            Message(role="assistant", tool_calls=(ToolCall(id="c1", name="search", arguments={"q": "ü"}),)),
            Message(role="tool", content="found", tool_call_id="c1", name="search"),
        ),
        tools=(SEARCH,),
        sampling=Sampling(temperature=0.5, top_p=0.9, top_k=5, max_tokens=64, stop=("END",), seed=7),
        output_schema={"type": "object"},
        logprobs=2,
    )
    async with Upstream(Turn(text=("x",))) as server, client(server, api_key="s3cret-key", extra={"n": 1}) as model:
        await said(model, request)
    (received,) = server.requests
    assert received.headers["Authorization"] == "Bearer s3cret-key"
    body = received.body
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "search", "arguments": '{"q": "ü"}'}
    assert body["messages"][3]["tool_call_id"] == "c1"
    assert body["tools"][0]["function"]["name"] == "search"
    assert (body["temperature"], body["top_p"], body["top_k"], body["max_tokens"]) == (0.5, 0.9, 5, 64)
    assert (body["stop"], body["seed"], body["logprobs"], body["top_logprobs"], body["n"]) == (["END"], 7, True, 2, 1)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert body["stream"] is True and body["stream_options"] == {"include_usage": True}


async def test_dialects_differ_where_the_servers_do() -> None:
    request = ModelRequest(messages=ASKED.messages, sampling=Sampling(top_k=5, max_tokens=9), prefix="The fox ")
    async with Upstream(Turn(text=("x",))) as server:
        for dialect in (OPENAI, VLLM):
            async with client(server, dialect=dialect) as model:
                await said(model, request)
    openai, vllm = (received.body for received in server.requests)
    assert openai["max_completion_tokens"] == 9 and "top_k" not in openai and "max_tokens" not in openai
    assert [message["content"] for message in openai["messages"][1:]] == ["The fox ", GO_ON]
    assert vllm["continue_final_message"] is True and vllm["add_generation_prompt"] is False
    assert vllm["messages"][-1] == {"role": "assistant", "content": "The fox "}


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (Turn(status=401, message="no"), AuthenticationFailed),
        (Turn(status=403), AuthenticationFailed),
        (Turn(status=404, message="no model m"), NotFound),
        (Turn(status=429, retry_after=3), RateLimited),
        (Turn(status=503), Overloaded),
        (Turn(status=503, retry_after=3), Overloaded),
        (Turn(status=500), ModelUnavailable),
        (Turn(status=400, message="This model's maximum context length is 8 tokens"), ContextTooLong),
        (Turn(status=400, code="content_filter"), ContentFiltered),
        (Turn(status=400), ModelError),
        (Turn(status=302), BadResponse),
        (Turn(text=("a", "b"), error_at=1, code="rate_limit_exceeded"), RateLimited),
        (Turn(text=("a", "b"), error_at=1), ModelError),
        (Turn(text=("a",), finish_reason="content_filter"), ContentFiltered),
        (Turn(text=("a",), finish_reason="", done=True), BadResponse),
        (Turn(text=("a",), finish_reason="", done=False), BadResponse),
        (Turn(body=b"<html>proxy</html>", content_type="text/html"), BadResponse),
        (Turn(body=b'{"object":"list"}', content_type="application/json"), BadResponse),
        (Turn(body=b"data: {broken\n\n"), BadResponse),
        (Turn(body=b'data: {"choices": 3}\n\n'), BadResponse),
        (Turn(body=b'data: {"choices":[{"delta":{"content":3}}]}\n\n'), BadResponse),
        (Turn(body=b"data: [1]\n\n"), BadResponse),
        (Turn(body=b"data: \xff\xfe\n\n"), BadResponse),
        (Turn(body=b""), BadResponse),
        (Turn(drop=True), ModelUnavailable),
    ],
    ids=str,
)
async def test_each_fault_has_its_own_error(turn: Turn, expected: type[CitewardError]) -> None:
    async with Upstream(turn) as server, client(server) as model:
        _, error = await said_until_it_failed(model)
    assert type(error) is expected, error
    assert error.hint
    assert error.retry_after == turn.retry_after


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    model = OpenAICompatibleModel("http://127.0.0.1:9/v1", "m", retries=0)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await said(model)
    await model.aclose()


@pytest.mark.parametrize(
    "turn", [Turn(silent=True), Turn(text=("a", "b"), stall_at=0), Turn(text=("a", "b"), stall_at=1)], ids=str
)
async def test_silence_ends_in_a_timeout(turn: Turn) -> None:
    async with Upstream(turn) as server:
        async with client(server, timeout=0.2) as model:
            text, error = await said_until_it_failed(model)
            assert isinstance(error, ModelTimeout) and text == "a" * (turn.stall_at or 0)
        async with client(server) as model:
            hurried = ModelRequest(messages=ASKED.messages, timeout=0.2)
            text, error = await said_until_it_failed(model, hurried)
            assert isinstance(error, ModelTimeout) and text == "a" * (turn.stall_at or 0)


async def test_what_may_pass_is_tried_again_before_the_first_byte() -> None:
    turns = (Turn(drop=True), Turn(status=503), Turn(status=429, retry_after=0), Turn(text=("Hello.",)))
    async with Upstream(*turns) as server, client(server, retries=3) as model:
        assert "".join(delta.text for delta in await said(model)) == "Hello."
    assert len(server.requests) == 4


async def test_nothing_is_tried_again_once_something_was_said() -> None:
    turns = (Turn(text=("a", "b"), cut_at=400), Turn(text=("never",)))
    async with Upstream(*turns) as server, client(server, retries=3) as model:
        text, error = await said_until_it_failed(model)
    assert (text, len(server.requests)) in (("a", 1), ("ab", 1))
    assert isinstance(error, ModelUnavailable | BadResponse)


async def test_a_server_that_asks_for_a_long_wait_is_not_waited_for() -> None:
    async with Upstream(Turn(status=429, retry_after=3600)) as server, client(server, retries=3) as model:
        _, error = await said_until_it_failed(model)
    assert isinstance(error, RateLimited) and error.retry_after == 3600
    assert len(server.requests) == 1


async def test_ten_answers_in_a_row_come_over_one_connection() -> None:
    async with Upstream(Turn(text=("Hel", "lo."))) as server, client(server) as model:
        for _ in range(10):
            await said(model)
    assert (len(server.requests), server.connections) == (10, 1)


async def test_an_answer_that_was_left_takes_its_connection_with_it() -> None:
    turns = (Turn(text=["a"] * 1000, pace=0.01), Turn(text=("b",)))
    async with Upstream(*turns) as server, client(server) as model:
        async with aclosing(model.stream(ASKED)) as stream:
            await anext(stream)
        await said(model)
    assert server.connections == 2


async def test_a_server_that_does_not_end_its_response_is_not_waited_for() -> None:
    async with Upstream(Turn(text=("Hello.",), lingers=True)) as server, client(server) as model:
        async with asyncio.timeout(5):
            for _ in range(2):
                assert "".join(delta.text for delta in await said(model)) == "Hello."
        await server.idle()
    assert (server.connections, server.abandoned) == (2, 2)


async def test_leaving_the_stream_closes_the_connection() -> None:
    async with Upstream(Turn(text=["word "] * 1000, pace=0.01)) as server, client(server) as model:
        async with aclosing(model.stream(ASKED)) as stream:
            async for delta in stream:
                if delta.text:
                    break
        async with asyncio.timeout(5):
            await server.idle()
        assert server.abandoned == 1


async def test_many_streams_at_once_do_not_mix() -> None:
    turns = [Turn(text=[f"{n} "] * 20, pace=0.001) for n in range(64)]
    async with Upstream(*turns) as server, client(server) as model:
        texts = await asyncio.gather(*(said(model) for _ in turns))
    spoken = sorted("".join(delta.text for delta in deltas) for deltas in texts)
    assert spoken == sorted("".join(turn.text) for turn in turns)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 1100))
def test_a_stream_that_is_cut_anywhere_gives_a_beginning_of_the_text_and_an_error(cut: int) -> None:
    """Or the whole text, where the cut comes after the finish reason."""

    async def run() -> None:
        pieces = ("Die ", "Füchse ", "🦊 ", "schlafen.")
        async with Upstream(Turn(text=pieces, cut_at=cut, usage=None)) as server, client(server) as model:
            text, deltas, failed = "", [], None
            try:
                async for delta in model.stream(ASKED):
                    text += delta.text
                    deltas.append(delta)
            except ModelError as error:
                failed = error
        whole = "".join(pieces)
        assert whole.startswith(text)
        if failed is None:
            assert text == whole and any(delta.finish_reason for delta in deltas)

    asyncio.run(run())


async def test_no_key_is_in_an_error_or_the_repr() -> None:
    turn = Turn(status=401, message="Incorrect API key provided: s3cret-key-0123")
    async with Upstream(turn) as server, client(server, api_key="s3cret-key-0123") as model:
        _, error = await said_until_it_failed(model)
    assert "s3cret" not in str(error) and "s3cret" not in repr(model)


def test_values_out_of_range_are_refused() -> None:
    for bad in ({"timeout": 0}, {"retries": -1}, {"headers": {"X": "a\nb"}}):
        with pytest.raises(SettingsError):
            OpenAICompatibleModel("http://127.0.0.1:1/v1", "m", **bad)  # type: ignore[arg-type]
    with pytest.raises(SettingsError):
        OpenAICompatibleModel("127.0.0.1", "m")


async def test_a_lone_surrogate_is_sent_as_a_question_mark() -> None:
    async with Upstream(Turn(text=("x",))) as server, client(server) as model:
        await said(model, ModelRequest(messages=(Message(role="user", content="fox \ud83d ü"),)))
    assert server.requests[0].body["messages"][0]["content"] == "fox ? ü"


async def test_log_probabilities_are_bounded() -> None:
    async with Upstream(Turn(text=("x",))) as server, client(server) as model:
        with pytest.raises(InvalidInput, match="21"):
            await said(model, ModelRequest(messages=ASKED.messages, logprobs=21))
    assert server.requests == []


def test_a_private_address_is_local() -> None:
    for url in ("http://127.0.0.1:8001/v1", "http://localhost/v1", "http://vllm:8000/v1", "http://10.0.0.3/v1"):
        assert Location.of(url) is Location.LOCAL, url
    for url in ("https://api.example.com/v1", "http://8.8.8.8/v1"):
        assert Location.of(url) is Location.REMOTE, url


def respond(asked: Received) -> Turn:
    """As a model would that says the question back."""
    body = asked.body
    (question,) = [message["content"] for message in body["messages"] if message["role"] == "user"][-1:]
    text = f"Nobody knows: {question} That is all there is to say."
    if body.get("stop"):
        text = text.partition(body["stop"][0])[0]
    words = [word for word in re.split(r"(?<= )", text) if word]
    limit = body.get("max_tokens", len(words))
    cut = limit < len(words)
    return Turn(
        text=words[:limit], finish_reason="length" if cut else "stop", usage=(9, min(limit, len(words))), continues=True
    )


@pytest.mark.parametrize("check", (*MODEL_CHECKS, *SAMPLED_CHECKS, *STEADY_CHECKS), ids=lambda check: check.__name__)
async def test_it_is_a_model(check: ModelCheck) -> None:
    async with Upstream(respond) as server, client(server, dialect=VLLM) as model:
        await check(model)
