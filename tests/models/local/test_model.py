"""The model itself, with tiny models that torch really runs."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.model import Delta, Message, ModelInfo, ModelRequest, Sampling
from citeward.contracts.tool import ToolSpec
from citeward.errors import ContextTooLong, InvalidInput, ModelTimeout, ModelUnavailable, Overloaded
from citeward.models.local.load import load_local
from citeward.models.local.model import LocalModel
from citeward.models.local.options import LocalOptions
from citeward.testing.suites.model import MODEL_CHECKS, SAMPLED_CHECKS, STEADY_CHECKS, ModelCheck
from citeward.testing.tiny_model import WINDOW

SLEEPS = "The grey fox sleeps under the old port, über dem Hügel 🦊 and 日本語."
SEARCH = ToolSpec(name="search", description="Search.", parameters={"type": "object", "properties": {}})


def asked(content: str = "Where is the fox?", *, sampling: Sampling | None = None, **more: Any) -> ModelRequest:
    return ModelRequest(messages=(Message(role="user", content=content),), sampling=sampling or Sampling(), **more)


async def said(model: LocalModel, request: ModelRequest) -> list[Delta]:
    return [delta async for delta in model.stream(request)]


async def text(model: LocalModel, request: ModelRequest) -> str:
    return "".join(delta.text for delta in await said(model, request))


def tokens(model: LocalModel, text: str) -> int:
    assert model._loaded is not None
    return len(model._loaded.tokenizer(text)["input_ids"])


async def test_what_it_learned_comes_piece_by_piece_with_exact_counts(fox: LocalModel) -> None:
    deltas = await said(fox, asked())
    pieces = [delta.text for delta in deltas if delta.text]
    assert "".join(pieces) == SLEEPS
    assert len(pieces) > 10
    assert not any("\ufffd" in piece for piece in pieces)
    (usage,) = [delta.usage for delta in deltas if delta.usage]
    prompt = "<|im_start|>user\nWhere is the fox?<|im_end|>\n<|im_start|>assistant\n"
    assert usage.input_tokens == tokens(fox, prompt)
    assert usage.output_tokens == tokens(fox, f"{SLEEPS}<|im_end|>")
    assert deltas[-1].finish_reason == "stop"


async def test_it_says_what_it_is(fox: LocalModel) -> None:
    info = fox.info
    assert (info.window, info.tools, info.continues, info.schemas) == (WINDOW, True, "exactly", False)


@pytest.mark.parametrize("stop", [("port",), ("grey fox", "port"), (" sleeps under the old",), ("日",)], ids=str)
async def test_a_stop_ends_it_and_is_not_said(fox: LocalModel, stop: tuple[str, ...]) -> None:
    deltas = await said(fox, asked(sampling=Sampling(stop=stop)))
    assert "".join(delta.text for delta in deltas) == SLEEPS[: min(SLEEPS.index(one) for one in stop)]
    assert deltas[-1].finish_reason == "stop"
    usage = deltas[-2].usage
    assert usage is not None and usage.output_tokens < tokens(fox, SLEEPS)


async def test_a_limit_ends_it_and_is_told(fox: LocalModel) -> None:
    deltas = await said(fox, asked(sampling=Sampling(max_tokens=5)))
    assert SLEEPS.startswith("".join(delta.text for delta in deltas))
    assert deltas[-1].finish_reason == "length"
    assert deltas[-2].usage is not None and deltas[-2].usage.output_tokens == 5


async def test_a_prefix_is_gone_on_from_token_for_token(fox: LocalModel) -> None:
    for end in range(1, len(SLEEPS)):
        if SLEEPS[end] == " ":
            assert await text(fox, asked(prefix=SLEEPS[:end])) == SLEEPS[end:]


async def test_the_same_seed_draws_the_same_whatever_is_drawn_beside_it(endless: Path) -> None:
    model = load_local(str(endless), info=ModelInfo(name="tiny"), options=LocalOptions(device="cpu", concurrency=4))
    requests = [asked(sampling=Sampling(temperature=1.5, seed=seed, max_tokens=20)) for seed in range(4)]
    alone = [await text(model, request) for request in requests]
    assert await asyncio.gather(*(text(model, request) for request in requests)) == alone
    assert len(set(alone)) == 4
    await model.aclose()


async def test_without_a_temperature_the_likeliest_is_said_and_top_k_of_one_says_it_too(endlessly: LocalModel) -> None:
    likeliest = await text(endlessly, asked(sampling=Sampling(max_tokens=12)))
    for sampling in ({"top_k": 1}, {"top_p": 1e-6}):
        drawn = Sampling(temperature=2, seed=3, max_tokens=12, **sampling)  # type: ignore[arg-type]
        assert await text(endlessly, asked(sampling=drawn)) == likeliest
    hot = await text(endlessly, asked(sampling=Sampling(temperature=2, seed=3, max_tokens=12)))
    assert hot != likeliest


async def test_log_probabilities_are_those_of_what_was_said(fox: LocalModel) -> None:
    deltas = await said(fox, asked(logprobs=2))
    told = [one for delta in deltas for one in delta.logprobs]
    assert len(told) == tokens(fox, SLEEPS)
    # By heart, so that each of its tokens was by far the likeliest.
    assert all(-0.1 < one.logprob <= 0 and one.logprob == max(one.top.values()) for one in told)
    assert "".join(one.token for one in told if "\ufffd" not in one.token).startswith("The grey fox sleeps")
    with pytest.raises(InvalidInput, match="21"):
        await said(fox, asked(logprobs=21))


async def test_leaving_the_stream_stops_it_and_frees_its_place(endlessly: LocalModel) -> None:
    async with aclosing(endlessly.stream(asked())) as stream:
        async for delta in stream:
            assert delta.finish_reason is None
            break
    assert (await said(endlessly, asked(sampling=Sampling(max_tokens=3))))[-1].finish_reason == "length"
    assert endlessly.running == 0


async def test_a_task_that_is_cancelled_stops_it_as_well(endlessly: LocalModel) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in endlessly.stream(asked()):
            begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await said(endlessly, asked(sampling=Sampling(max_tokens=3))))[-1].finish_reason == "length"


async def test_a_call_waits_for_its_turn_and_leaves_the_queue_when_its_time_is_over(endlessly: LocalModel) -> None:
    async with aclosing(endlessly.stream(asked())) as first:
        await anext(first)
        with pytest.raises(ModelTimeout, match="did not end its answer in time"):
            await said(endlessly, asked(timeout=0.05))
        assert endlessly.running == 1
        assert (await anext(first)).finish_reason is None


async def test_a_prompt_that_does_not_fit_is_told_with_both_numbers(fox: LocalModel) -> None:
    long = "fox " * WINDOW
    count = tokens(fox, f"<|im_start|>user\n{long}<|im_end|>\n<|im_start|>assistant\n")
    with pytest.raises(ContextTooLong, match=f"{count} tokens, and tiny takes {WINDOW}"):
        await said(fox, asked(long))


async def test_an_answer_ends_where_the_window_does(endless: Path) -> None:
    model = load_local(str(endless), info=ModelInfo(name="tiny", window=64), options=LocalOptions(device="cpu"))
    deltas = await said(model, asked(sampling=Sampling(max_tokens=1000)))
    usage = deltas[-2].usage
    assert usage is not None and usage.input_tokens + usage.output_tokens == 64
    assert deltas[-1].finish_reason == "length"
    await model.aclose()


async def test_a_call_that_it_learned_is_read(caller: Path) -> None:
    model = load_local(str(caller), info=ModelInfo(name="tiny", tools=True), options=LocalOptions(device="cpu"))
    for choice in ("", "required", "search"):
        deltas = await said(model, asked("Look for the fox.", tools=(SEARCH,), tool_choice=choice))
        (call,) = [delta.tool_call for delta in deltas if delta.tool_call]
        assert (call.name, json.loads(call.arguments)) == ("search", {"query": "fox"})
        assert "".join(delta.text for delta in deltas) == ""
        assert deltas[-1].finish_reason == "tool_calls"
    await model.aclose()


async def test_what_looks_like_a_call_is_text_where_no_tools_are_offered(caller: Path) -> None:
    model = load_local(str(caller), info=ModelInfo(name="tiny", tools=True), options=LocalOptions(device="cpu"))
    assert all(delta.tool_call is None for delta in await said(model, asked("Look for the fox.")))
    await model.aclose()


async def test_a_schema_is_refused_rather_than_forgotten(fox: LocalModel) -> None:
    with pytest.raises(InvalidInput, match="tiny cannot be held to a JSON schema"):
        await said(fox, asked(output_schema={"type": "object"}))


async def test_memory_that_does_not_suffice_is_told_with_what_to_lower(fox: LocalModel) -> None:
    import torch

    assert fox._loaded is not None

    def greedy(*_: Any) -> None:
        torch.empty(2**52)

    hook = fox._loaded.model.register_forward_pre_hook(greedy)
    with pytest.raises(Overloaded, match=r"not enough memory[^\n]*\nhint: Lower its `window` or `concurrency`"):
        await said(fox, asked())
    hook.remove()
    assert await text(fox, asked()) == SLEEPS


async def test_closing_stops_what_is_being_written_and_answers_no_more(endless: Path) -> None:
    model = load_local(str(endless), info=ModelInfo(name="tiny"), options=LocalOptions(device="cpu"))
    async with aclosing(model.stream(asked())) as stream:
        await anext(stream)
        await model.aclose()
        assert model.running == 0
    with pytest.raises(ModelUnavailable, match="closed"):
        await said(model, asked())


def test_it_is_used_from_several_loops(fox: LocalModel) -> None:
    async def once() -> str:
        return await text(fox, asked())

    assert [asyncio.run(once()) for _ in range(2)] == [SLEEPS] * 2


@pytest.mark.parametrize("check", (*MODEL_CHECKS, *SAMPLED_CHECKS, *STEADY_CHECKS), ids=lambda check: check.__name__)
async def test_it_is_a_model(check: ModelCheck, knowing: LocalModel) -> None:
    await check(knowing)
