"""The client against a real vLLM server. What the model says is random; how it comes is not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx
import jsonschema
import pytest

from citeward.contracts.model import Delta, Message, ModelRequest, Sampling, TokenUsage
from citeward.contracts.tool import ToolSpec
from citeward.errors import ContextTooLong, NotFound
from citeward.models.openai_compatible.dialect import VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.models.vllm.metrics import Metrics, read_metrics
from citeward.tools.builtin import FUNCTIONS
from citeward.tools.function import tool_from_function

SILENT = {str(token): -100 for token in range(5)}
"""Not to say what ends an answer, and what encloses a call."""
GREEDY = Sampling(temperature=0.0, max_tokens=24)
ASKED = ModelRequest(messages=(Message(role="user", content="Which port?"),), sampling=GREEDY)
SEARCH = ToolSpec(
    name="search",
    description="Search.",
    parameters={
        "type": "object",
        "properties": {"kind": {"enum": ["port", "berth"]}},
        "required": ["kind"],
        "additionalProperties": False,
    },
)
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
    "required": ["verdict", "sure"],
    "additionalProperties": False,
}


@pytest.fixture
async def model(vllm_server: Any) -> AsyncIterator[OpenAICompatibleModel]:
    """It says no special token, so that its answer has as many characters as it was allowed, and each is seen."""
    made = OpenAICompatibleModel(vllm_server.url, vllm_server.name, dialect=VLLM, extra={"logit_bias": SILENT})
    async with aclosing(made):
        yield made


@pytest.fixture
async def ending(vllm_server: Any) -> AsyncIterator[OpenAICompatibleModel]:
    async with aclosing(OpenAICompatibleModel(vllm_server.url, vllm_server.name, dialect=VLLM)) as made:
        yield made


@pytest.fixture
async def figures(vllm_server: Any) -> AsyncIterator[Any]:
    async with httpx.AsyncClient() as client:

        async def read() -> Metrics:
            return await read_metrics(client, vllm_server.url)

        yield read


async def said(model: OpenAICompatibleModel, request: ModelRequest = ASKED) -> list[Delta]:
    return [delta async for delta in model.stream(request)]


def text(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


def usage(deltas: list[Delta]) -> TokenUsage:
    return next(delta.usage for delta in deltas if delta.usage is not None)


async def test_an_answer_comes_in_pieces_with_its_end_and_its_usage(model: OpenAICompatibleModel) -> None:
    deltas = await said(model)
    assert sum(bool(delta.text) for delta in deltas) > 1
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["length"]
    assert usage(deltas).output_tokens == 24
    assert usage(deltas).input_tokens > len("Which port?")


async def test_the_same_seed_says_the_same(model: OpenAICompatibleModel) -> None:
    request = replace(ASKED, sampling=Sampling(temperature=1.0, seed=7, max_tokens=24))
    assert text(await said(model, request)) == text(await said(model, request))


async def test_an_answer_follows_its_schema(ending: OpenAICompatibleModel) -> None:
    deltas = await said(
        ending, replace(ASKED, output_schema=SCHEMA, sampling=Sampling(temperature=1.0, max_tokens=400))
    )
    jsonschema.validate(json.loads(text(deltas)), SCHEMA)


async def test_a_call_of_a_tool_is_parsed(vllm_server: Any) -> None:
    forced = {"tool_choice": {"type": "function", "function": {"name": "search"}}}
    request = replace(ASKED, tools=(SEARCH,), sampling=Sampling(temperature=0.0, max_tokens=400))
    async with aclosing(OpenAICompatibleModel(vllm_server.url, vllm_server.name, dialect=VLLM, extra=forced)) as model:
        deltas = await said(model, request)
    pieces = [delta.tool_call for delta in deltas if delta.tool_call]
    assert {piece.index for piece in pieces} == {0}
    assert [piece.name for piece in pieces if piece.name] == ["search"]
    assert len([piece.id for piece in pieces if piece.id]) == 1
    jsonschema.validate(json.loads("".join(piece.arguments for piece in pieces)), SEARCH.parameters)


async def test_the_tools_that_ship_are_taken_strict(ending: OpenAICompatibleModel) -> None:
    tools = tuple(tool_from_function(function).spec for function in FUNCTIONS.values())
    assert "pattern" in str(tools[0].parameters)
    assert await said(ending, replace(ASKED, tools=tools))


async def test_every_token_tells_how_likely_it_was(ending: OpenAICompatibleModel) -> None:
    deltas = await said(ending, replace(ASKED, logprobs=3))
    told = [one for delta in deltas for one in delta.logprobs]
    assert len(told) == usage(deltas).output_tokens > 0
    for one in told:
        assert one.logprob <= 0
        assert one.logprob == pytest.approx(max(one.top.values()))  # greedy: the likeliest was taken
        assert len(one.top) >= 3


async def test_an_answer_goes_on_from_where_another_stopped(model: OpenAICompatibleModel) -> None:
    whole = text(await said(model))
    begun = whole[: len(whole) // 2]
    rest = text(await said(model, replace(ASKED, prefix=begun)))
    assert len(whole) == len(rest) == 24
    assert (begun + rest).startswith(whole)


async def test_closing_a_stream_frees_its_sequence(model: OpenAICompatibleModel, figures: Any) -> None:
    before = await figures()
    long = replace(ASKED, sampling=Sampling(temperature=1.0, max_tokens=1900, seed=1))
    async with aclosing(model.stream(long)) as stream:
        await anext(stream)
        while (await figures()).running < 1:
            await anext(stream)
    async with asyncio.timeout(20):
        while (now := await figures()).running:  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0)
    assert now.waiting == 0
    assert now.generated_tokens - before.generated_tokens < 1900


async def test_64_requests_at_a_time_are_all_answered_as_one_alone(model: OpenAICompatibleModel) -> None:
    requests = [
        replace(ASKED, messages=(Message(role="user", content=f"Which port has {at} cranes?"),)) for at in range(64)
    ]
    answers = await asyncio.gather(*(said(model, request) for request in requests))
    assert {usage(answer).output_tokens for answer in answers} == {24}
    assert len({text(answer) for answer in answers}) > 32  # each its own prompt's


async def test_a_prompt_that_begins_like_another_is_read_from_the_cache(
    model: OpenAICompatibleModel, figures: Any
) -> None:
    request = replace(ASKED, messages=(Message(role="user", content="The harbour master. " * 30),))
    await said(model, request)
    before = await figures()
    await said(model, request)
    after = await figures()
    assert after.prefix_hits - before.prefix_hits > 300
    assert after.prefix_hit_rate is not None
    assert after.mean_first_token is not None


async def test_a_prompt_longer_than_the_window_is_said_to_be_too_long(model: OpenAICompatibleModel) -> None:
    with pytest.raises(ContextTooLong):
        await said(model, replace(ASKED, messages=(Message(role="user", content="x" * 5000),)))


async def test_a_model_that_is_not_served_is_not_found(vllm_server: Any) -> None:
    async with aclosing(OpenAICompatibleModel(vllm_server.url, "another", dialect=VLLM)) as model:
        with pytest.raises(NotFound, match="another"):
            await said(model)
