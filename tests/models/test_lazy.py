import asyncio
import threading

import pytest

from citeward.contracts.model import Message, Model, ModelInfo, ModelRequest
from citeward.errors import ModelUnavailable, SettingsError
from citeward.models.lazy import LazyModel
from citeward.testing.scripted import ScriptedModel

ASKED = ModelRequest(messages=(Message(role="user", content="Hello?"),))
INFO = ModelInfo(name="heavy", tier="large", window=4096)


async def said(model: Model) -> str:
    return "".join([delta.text async for delta in model.stream(ASKED)])


async def test_what_it_is_is_known_before_it_is_loaded() -> None:
    model = LazyModel(INFO, lambda: ScriptedModel("Hi."))
    assert (model.info, model.loaded) == (INFO, False)
    assert await said(model) == "Hi."
    assert model.loaded


async def test_calls_at_the_same_time_load_it_once_and_off_the_loop() -> None:
    threads: list[int] = []

    def load() -> Model:
        threads.append(threading.get_ident())
        return ScriptedModel(*["Hi."] * 64)

    model = LazyModel(INFO, load)
    assert await asyncio.gather(*(said(model) for _ in range(64))) == ["Hi."] * 64
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


def test_loops_of_several_threads_load_it_once() -> None:
    loads: list[int] = []
    model = LazyModel(INFO, lambda: loads.append(1) or ScriptedModel(*["Hi."] * 8))  # type: ignore[func-returns-value]
    threads = [threading.Thread(target=lambda: asyncio.run(said(model))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]


async def test_what_failed_to_load_is_tried_again_by_the_next_call() -> None:
    failures = [ModelUnavailable("not installed", hint="pip install it")]

    def load() -> Model:
        if failures:
            raise failures.pop()
        return ScriptedModel("Hi.")

    model = LazyModel(INFO, load)
    with pytest.raises(ModelUnavailable, match="not installed"):
        await said(model)
    assert model.error is not None
    assert await said(model) == "Hi."
    assert model.error is None


async def test_a_mistake_in_the_settings_is_no_mistake_of_who_asks() -> None:
    def load() -> Model:
        raise SettingsError("no such class", hint="Correct it.")

    model = LazyModel(INFO, load)
    with pytest.raises(ModelUnavailable, match="no such class\nhint: Correct it"):
        await said(model)
    with pytest.raises(SettingsError):
        await model.load()


async def test_only_what_was_loaded_is_closed() -> None:
    closed: list[str] = []

    class Closing(ScriptedModel):
        async def aclose(self) -> None:
            closed.append("closed")

    model = LazyModel(INFO, lambda: Closing("Hi."))
    await model.aclose()
    assert closed == []
    await said(model)
    await model.aclose()
    assert closed == ["closed"]
