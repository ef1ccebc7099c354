from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from citeward.contracts.model import Message, Model, ModelInfo, ModelRequest
from citeward.contracts.tool import ToolCall
from citeward.errors import InvalidInput, ModelUnavailable, NotFound, RateLimited
from citeward.evals.compare.run import compare
from citeward.models.lazy import LazyModel
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.models.registry import Entry, Registry
from citeward.testing.scripted import ScriptedModel
from citeward.testing.upstream import Turn, Upstream

ASKED = tuple(ModelRequest(messages=(Message(role="user", content=text),), timeout=20) for text in ("One?", "Two?"))
PRICED = ModelInfo(name="big", input_price=10, output_price=40)


@asynccontextmanager
async def served(server: Upstream, info: ModelInfo = PRICED) -> AsyncIterator[Registry]:
    model = OpenAICompatibleModel(server.url, "m", info=info, retries=0)
    try:
        yield Registry({"big": Entry(model=model, provider="vllm", served="m")})
    finally:
        await model.aclose()


async def test_an_endpoint_is_timed_and_priced() -> None:
    async with Upstream(Turn(text=("Hel", "lo."), usage=(100, 20))) as server, served(server) as registry:
        (row,) = (await compare(registry, ASKED, repeat=5)).rows
        assert len(server.requests) == 1 + 2 * 5
    assert (row.name, row.provider, row.served, row.calls, row.errors) == ("big", "vllm", "m", 10, 0)
    assert (row.output_tokens, row.estimated, row.memory) == (20, False, None)
    assert row.cost and row.cost.value == pytest.approx((100 * 10 + 20 * 40) / 1e6)
    assert row.first_use_ms and row.ttft_p50_ms and row.ttft_p99_ms and row.tokens_per_second
    assert row.ttft_p50_ms.value <= row.ttft_p99_ms.value


async def test_every_model_is_asked_the_same() -> None:
    async with Upstream(Turn(text=("Hi.",))) as one, Upstream(Turn(text=("Ho.",))) as other:
        first, second = (OpenAICompatibleModel(server.url, "m", retries=0) for server in (one, other))
        registry = Registry({"a": Entry(model=first, provider="vllm"), "b": Entry(model=second, provider="vllm")})
        found = await compare(registry, ASKED, repeat=2)
        await first.aclose()
        await second.aclose()
    assert [row.name for row in found.rows] == ["a", "b"]
    assert [request.body for request in one.requests] == [request.body for request in other.requests]
    said = [request.body["messages"][0]["content"] for request in one.requests]
    assert said == ["One?", "One?", "Two?", "One?", "Two?"]


async def test_calls_overlap_as_far_as_they_may() -> None:
    async with Upstream(Turn(text=["x"] * 5, pace=0.01)) as server, served(server) as registry:
        (row,) = (await compare(registry, ASKED, repeat=8, concurrency=4)).rows
        assert server.most_open == 4
    assert row.throughput and row.tokens_per_second
    assert row.throughput > row.tokens_per_second.value


async def test_an_endpoint_that_tells_no_usage_is_estimated() -> None:
    async with Upstream(Turn(text=("Hello there.",), usage=None)) as server, served(server) as registry:
        (row,) = (await compare(registry, ASKED)).rows
    assert row.estimated
    assert row.output_tokens == 3
    assert row.cost and row.cost.value > 0


async def test_some_failures_are_counted_beside_the_figures_of_the_rest() -> None:
    good = Turn(text=("Hi.",))
    turns = (good, good, Turn(status=429), Turn(text=("Hi.",), cut_at=10), Turn(status=429), good)
    async with Upstream(*turns) as server, served(server) as registry:
        (row,) = (await compare(registry, ASKED, repeat=3)).rows
    assert (row.calls, row.errors) == (6, 3)
    assert [(one.code, one.calls) for one in row.failed] == [("rate_limited", 2), ("model_unavailable", 1)]
    assert row.ttft_p50_ms is not None


async def test_a_model_that_fails_for_good_is_a_row_and_is_asked_once() -> None:
    async with Upstream(Turn(status=401)) as server, served(server) as registry:
        (row,) = (await compare(registry, ASKED)).rows
        assert len(server.requests) == 1
    assert (row.calls, row.errors, row.failed[0].code) == (1, 1, "authentication_failed")
    assert (row.first_use_ms, row.ttft_p50_ms, row.tokens_per_second, row.cost) == (None, None, None, None)


async def test_a_model_that_may_recover_is_asked_on() -> None:
    limited = RateLimited("slow down", hint="Wait.")
    registry = Registry({"m": Entry(model=ScriptedModel(limited, "Hi.", "Hi."), provider="test")})
    (row,) = (await compare(registry, ASKED, repeat=1)).rows
    assert (row.calls, row.errors, row.first_use_ms) == (2, 0, None)


async def test_one_that_cannot_be_loaded_does_not_stop_the_others() -> None:
    def load() -> Model:
        raise ModelUnavailable("not installed", hint="pip install it")

    broken = LazyModel(ModelInfo(name="broken"), load)
    registry = Registry(
        {
            "broken": Entry(model=broken, provider="local", in_process=True),
            "good": Entry(model=ScriptedModel(*["Hi."] * 3), provider="test"),
        }
    )
    found = await compare(registry, ASKED, repeat=1)
    assert [(row.name, row.errors) for row in found.rows] == [("broken", 1), ("good", 0)]
    assert found.rows[0].failed[0].message == "not installed"


async def test_memory_that_loading_takes_is_on_the_models_account() -> None:
    held: list[bytes] = []

    def load() -> Model:
        held.append(b"x" * 50_000_000)
        return ScriptedModel(*["Hi."] * 3)

    model = LazyModel(ModelInfo(name="heavy"), load)
    registry = Registry({"heavy": Entry(model=model, provider="local", in_process=True)})
    (row,) = (await compare(registry, ASKED, repeat=1)).rows
    assert row.memory is None or row.memory > 40_000_000


async def test_an_answer_of_calls_alone_has_a_first_token() -> None:
    call = ToolCall(id="1", name="clock", arguments={})
    registry = Registry({"m": Entry(model=ScriptedModel(call, call), provider="test")})
    (row,) = (await compare(registry, ASKED[:1], repeat=1)).rows
    assert row.ttft_p50_ms is not None


async def test_what_cannot_be_measured_is_refused_before_anything_is_asked() -> None:
    registry = Registry({"m": Entry(model=ScriptedModel(), provider="test")})
    with pytest.raises(NotFound, match="no model 'n'"):
        await compare(registry, ASKED, names=["m", "n"])
    for wrong in ({"repeat": 0}, {"concurrency": 0}):
        with pytest.raises(InvalidInput, match="nothing would be measured"):
            await compare(registry, ASKED, **wrong)
    with pytest.raises(InvalidInput, match="0 prompts"):
        await compare(registry, ())
