"""Anthropic's models, by LangChain's package, against a real server that speaks their protocol."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import pytest

from citeward.contracts.model import Delta, Message, Model, ModelRequest, Sampling, TokenUsage
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    CitewardError,
    ContentFiltered,
    ContextTooLong,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    Overloaded,
    RateLimited,
)
from citeward.project.models import open_models
from citeward.settings import Settings
from citeward.testing.anthropic import AnthropicUpstream
from citeward.testing.suites.model import MODEL_CHECKS, SAMPLED_CHECKS, STEADY_CHECKS, ModelCheck
from citeward.testing.upstream import Received, Turn

pytest.importorskip("langchain_anthropic", reason="the extra `anthropic` is not installed")

KEY = "sk-ant-do-not-show-me"
ASKED = ModelRequest(messages=(Message(role="system", content="Be brief."), Message(role="user", content="Fox?")))
SEARCH = ToolSpec(name="search", description="Search.", parameters={"type": "object", "properties": {}})


@asynccontextmanager
async def client(server: AnthropicUpstream | str, **more: Any) -> AsyncIterator[Model]:
    url = server if isinstance(server, str) else server.url
    told = {"provider": "anthropic", "model": "claude-test", "url": url, "api_key": KEY, "retries": 0, **more}
    async with AsyncExitStack() as stack:
        yield (await open_models(Settings.model_validate({"models": {"claude": told}}), None, stack))["claude"]


async def said(model: Model, request: ModelRequest = ASKED) -> list[Delta]:
    return [delta async for delta in model.stream(request)]


async def test_text_comes_piece_by_piece_with_usage_and_the_reason_for_the_end() -> None:
    async with (
        AnthropicUpstream(Turn(text=("The ", "fox ", "sleeps."), usage=(70, 3), cached=64)) as server,
        client(server) as model,
    ):
        deltas = await said(model)
        (received,) = server.requests
    assert [delta.text for delta in deltas if delta.text] == ["The ", "fox ", "sleeps."]
    assert [d.usage for d in deltas if d.usage] == [TokenUsage(input_tokens=70, output_tokens=3, cached_tokens=64)]
    assert deltas[-1].finish_reason == "stop"
    sent = {name.lower(): value for name, value in received.headers.items()}
    assert KEY in (sent.get("x-api-key"), sent.get("authorization", "").removeprefix("Bearer "))
    assert (received.body["model"], received.body["stream"]) == ("claude-test", True)
    assert received.body["system"] == "Be brief."


async def test_thoughts_are_told_apart_from_the_answer() -> None:
    turn = Turn(reasoning=("Hm, ", "a fox."), text=("Under ", "the hill."))
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
    async with AnthropicUpstream(turn) as server, client(server, arguments=thinking) as model:
        deltas = await said(model)
        assert server.requests[0].body["thinking"]["budget_tokens"] == 1024
    assert [delta.reasoning for delta in deltas if delta.reasoning] == ["Hm, ", "a fox."]
    assert [delta.text for delta in deltas if delta.text] == ["Under ", "the hill."]


async def test_parallel_tool_calls_keep_their_index_and_come_in_pieces() -> None:
    calls = [ToolCall(id=f"toolu_{n}", name="search", arguments={"query": f"fox {n}"}) for n in range(2)]
    request = ModelRequest(messages=ASKED.messages, tools=(SEARCH,))
    async with AnthropicUpstream(Turn(text=("I look.",), tool_calls=calls)) as server, client(server) as model:
        deltas = await said(model, request)
        assert server.requests[0].body["tools"][0]["name"] == "search"
    fragments = [delta.tool_call for delta in deltas if delta.tool_call]
    places = list(dict.fromkeys(fragment.index for fragment in fragments))
    for place, call in zip(places, calls, strict=True):
        mine = [fragment for fragment in fragments if fragment.index == place]
        assert (mine[0].id, mine[0].name) == (call.id, "search")
        assert len(mine) > 2
        assert "".join(fragment.arguments for fragment in mine) == f'{{"query": "{call.arguments["query"]}"}}'
    assert "".join(delta.text for delta in deltas) == "I look."
    assert deltas[-1].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("choice", "sent"),
    [("", None), ("required", {"type": "any"}), ("search", {"type": "tool", "name": "search"})],
)
async def test_a_choice_of_tool_is_said_in_their_words(choice: str, sent: dict[str, str] | None) -> None:
    request = ModelRequest(messages=ASKED.messages, tools=(SEARCH,), tool_choice=choice)
    async with AnthropicUpstream(Turn(text=("x",))) as server, client(server) as model:
        await said(model, request)
        assert server.requests[0].body.get("tool_choice") == sent


async def test_no_tool_is_offered_where_none_may_be_called() -> None:
    request = ModelRequest(messages=ASKED.messages, tools=(SEARCH,), tool_choice="none")
    async with AnthropicUpstream(Turn(text=("x",))) as server, client(server) as model:
        await said(model, request)
        assert "tools" not in server.requests[0].body


async def test_a_conversation_with_a_tool_reaches_them_whole() -> None:
    request = ModelRequest(
        messages=(
            *ASKED.messages,
            Message(role="assistant", tool_calls=(ToolCall(id="toolu_1", name="search", arguments={"q": "ü"}),)),
            Message(role="tool", content="none", tool_call_id="toolu_1", name="search", error=True),
        ),
        tools=(SEARCH,),
        sampling=Sampling(temperature=0.5, max_tokens=9, stop=("END",)),
    )
    async with AnthropicUpstream(Turn(text=("x",))) as server, client(server) as model:
        await said(model, request)
    body = server.requests[0].body
    _, used, result = body["messages"]
    assert used["content"][0] == {"type": "tool_use", "name": "search", "input": {"q": "ü"}, "id": "toolu_1"}
    assert result["content"][0]["tool_use_id"] == "toolu_1" and result["content"][0]["is_error"] is True
    assert (body["temperature"], body["max_tokens"], body["stop_sequences"]) == (0.5, 9, ["END"])


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("model_context_window_exceeded", "length"),
    ],
)
async def test_each_reason_for_the_end_is_ours(reason: str, finish: str) -> None:
    async with AnthropicUpstream(Turn(text=("x",), finish_reason=reason)) as server, client(server) as model:
        assert (await said(model))[-1].finish_reason == finish


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (Turn(status=401, message="invalid x-api-key"), AuthenticationFailed),
        (Turn(status=403), AuthenticationFailed),
        (Turn(status=404, message="model: claude-test"), ModelUnavailable),
        (Turn(status=429, retry_after=7), RateLimited),
        (Turn(status=529), Overloaded),
        (Turn(status=500), ModelUnavailable),
        (Turn(status=413), ContextTooLong),
        (Turn(status=400, message="prompt is too long: 210000 tokens > 200000 maximum"), ContextTooLong),
        (Turn(status=400, message="temperature: must be lower"), ModelError),
        (Turn(text=("a", "b"), error_at=1, code="overloaded_error"), Overloaded),
        (Turn(text=("a", "b"), error_at=1, code="rate_limit_error"), RateLimited),
        (Turn(text=("a", "b"), error_at=1, code="api_error"), ModelUnavailable),
        (Turn(text=("a",), finish_reason="refusal"), ContentFiltered),
        (Turn(text=("a", "b"), cut_at=900), ModelUnavailable),
        (Turn(text=("a",), finish_reason="", done=False), BadResponse),
        (Turn(text=("a", "b"), garbage_at=1), ModelError),
        (Turn(drop=True), ModelUnavailable),
    ],
    ids=str,
)
async def test_each_fault_has_its_own_error(turn: Turn, expected: type[CitewardError]) -> None:
    async with AnthropicUpstream(turn) as server, client(server) as model:
        with pytest.raises(CitewardError) as caught:
            await said(model)
    assert type(caught.value) is expected, caught.value
    assert caught.value.hint and KEY not in str(caught.value)
    if isinstance(caught.value, RateLimited) and turn.retry_after:
        assert caught.value.retry_after == 7


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    async with client("http://127.0.0.1:9") as model:
        with pytest.raises(ModelUnavailable):
            await said(model)


@pytest.mark.parametrize("turn", [Turn(silent=True), Turn(text=("a", "b"), stall_at=1)], ids=str)
async def test_silence_ends_in_a_timeout(turn: Turn) -> None:
    async with AnthropicUpstream(turn) as server:
        async with client(server, timeout=0.2) as model:
            with pytest.raises(ModelTimeout):
                await said(model)
        async with client(server) as model:
            with pytest.raises(ModelTimeout):
                await said(model, ModelRequest(messages=ASKED.messages, timeout=0.2))


async def test_what_may_pass_is_tried_again_before_the_first_byte() -> None:
    turns = (Turn(status=529), Turn(text=("Hello.",)))
    async with AnthropicUpstream(*turns) as server, client(server, retries=1) as model:
        assert "".join(delta.text for delta in await said(model)) == "Hello."
        assert len(server.requests) == 2


async def test_leaving_the_stream_closes_the_connection() -> None:
    async with AnthropicUpstream(Turn(text=["word "] * 1000, pace=0.01)) as server, client(server) as model:
        async with aclosing(model.stream(ASKED)) as stream:
            async for delta in stream:
                if delta.text:
                    break
        async with asyncio.timeout(5):
            await server.idle()
        assert server.abandoned == 1


async def test_a_missing_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    async with AnthropicUpstream(Turn(text=("x",))) as server, client(server, api_key=None) as model:
        with pytest.raises(ModelUnavailable, match="'claude' has no API key"):
            await said(model)
        assert server.requests == []


def test_it_is_used_from_several_loops() -> None:
    async def once() -> str:
        async with AnthropicUpstream(Turn(text=("Hello.",))) as server, client(server) as model:
            return "".join([delta.text for delta in await said(model)])

    assert [asyncio.run(once()) for _ in range(2)] == ["Hello.", "Hello."]


async def test_what_is_wrong_in_the_arguments_is_told_without_the_key() -> None:
    async with client("http://127.0.0.1:9", arguments={"max_tokens": "many"}) as model:
        with pytest.raises(ModelUnavailable) as caught:
            await said(model)
    assert "max_tokens" in caught.value.detail
    assert KEY not in str(caught.value) + caught.value.detail


async def test_many_streams_at_once_do_not_mix() -> None:
    turns = [Turn(text=[f"{n} "] * 20, pace=0.001) for n in range(16)]
    async with AnthropicUpstream(*turns) as server, client(server) as model:
        texts = await asyncio.gather(*(said(model) for _ in turns))
    spoken = sorted("".join(delta.text for delta in deltas) for deltas in texts)
    assert spoken == sorted("".join(turn.text) for turn in turns)


def respond(asked: Received) -> Turn:
    """As a model would that says the question back."""
    said = asked.body["messages"][-1]["content"]
    question = said if isinstance(said, str) else str(said[-1].get("text", ""))
    text = f"Nobody knows: {question} That is all there is to say."
    if asked.body.get("stop_sequences"):
        text = text.partition(asked.body["stop_sequences"][0])[0]
    words = [word for word in re.split(r"(?<= )", text) if word]
    limit = asked.body["max_tokens"]
    reason = "max_tokens" if limit < len(words) else "end_turn"
    return Turn(text=words[:limit], finish_reason=reason, usage=(9, min(limit, len(words))))


@pytest.mark.parametrize("check", (*MODEL_CHECKS, *SAMPLED_CHECKS, *STEADY_CHECKS), ids=lambda check: check.__name__)
async def test_it_is_a_model(check: ModelCheck) -> None:
    async with AnthropicUpstream(respond) as server, client(server) as model:
        await check(model)
