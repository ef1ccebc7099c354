"""Adapters against a real vLLM server; what it may answer else, against a small one of our own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Any

import pytest

from citeward.contracts.model import Message, ModelRequest, Sampling
from citeward.errors import InvalidInput, ModelUnavailable, NotFound
from citeward.models.openai_compatible.dialect import VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.models.vllm.adapters import Adapters

ASKED = ModelRequest(
    messages=(Message(role="user", content="Which port?"),), sampling=Sampling(temperature=0.0, max_tokens=24)
)


@pytest.fixture
async def adapters(vllm_server: Any) -> AsyncIterator[Adapters]:
    made = Adapters(vllm_server.url)
    yield made
    for left in await made.list():
        await made.unload(left.name)
    await made.aclose()


async def said(url: str, name: str) -> str:
    model = OpenAICompatibleModel(url, name, dialect=VLLM)
    async with aclosing(model):
        return "".join([delta.text async for delta in model.stream(ASKED)])


async def test_an_adapter_is_loaded_answers_and_is_unloaded(vllm_server: Any, adapters: Adapters) -> None:
    assert await adapters.list() == ()
    loaded = await adapters.load("pirate", f"{vllm_server.folder}/adapter")
    assert (loaded.name, loaded.base) == ("pirate", vllm_server.name)
    assert await adapters.list() == (loaded,)
    assert await said(vllm_server.url, "pirate") != await said(vllm_server.url, vllm_server.name)
    await adapters.unload("pirate")
    assert await adapters.list() == ()
    with pytest.raises(NotFound):
        await said(vllm_server.url, "pirate")


async def test_a_name_that_is_taken_is_refused_unless_it_is_to_be_replaced(
    vllm_server: Any, adapters: Adapters
) -> None:
    where = f"{vllm_server.folder}/adapter"
    await adapters.load("twice", where)
    with pytest.raises(InvalidInput, match="twice"):
        await adapters.load("twice", where)
    assert (await adapters.load("twice", where, replace=True)).name == "twice"


async def test_what_is_not_there_is_neither_loaded_nor_unloaded(adapters: Adapters) -> None:
    with pytest.raises(NotFound, match="/nowhere"):
        await adapters.load("lost", "/nowhere")
    with pytest.raises(NotFound, match="lost"):
        await adapters.unload("lost")


async def test_an_adapter_needs_a_name_and_a_path() -> None:
    adapters = Adapters("http://127.0.0.1:9/v1")
    with pytest.raises(InvalidInput):
        await adapters.load("", "/somewhere")
    with pytest.raises(ModelUnavailable):
        await adapters.list()
    await adapters.aclose()


async def test_a_server_that_loads_none_while_it_runs_says_what_to_switch_on(
    serving: Callable[..., AbstractContextManager[str]],
) -> None:
    with serving(status=404, body=b'{"detail":"Not Found"}') as root:
        adapters = Adapters(f"{root}/v1")
        with pytest.raises(NotFound, match="does not load adapters") as told:
            await adapters.load("a", "/a")
        await adapters.aclose()
    assert "enable_lora" in told.value.hint
