"""Opening the models of each provider."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from citeward.contracts.model import Location, Message, Model, ModelRequest
from citeward.contracts.routing import Status
from citeward.errors import ModelUnavailable, SettingsError
from citeward.models.health import HealthState
from citeward.models.lazy import LazyModel
from citeward.models.registry import Registry
from citeward.project.models import open_models, open_monitor
from citeward.settings import EndpointModelSettings, Settings
from citeward.testing.tiny_model import WINDOW, write_tiny_model
from citeward.testing.upstream import Turn, Upstream

ASKED = ModelRequest(messages=(Message(role="user", content="Hello?"),))
KEY = "sk-do-not-show-me"
CHAT = """
from langchain_core.language_models import FakeListChatModel
from pydantic import Field, model_validator

class Chat(FakeListChatModel):
    model: str
    responses: list[str] = ["Hello there."]

class KeyError_(Exception):
    pass

class Keyed(Chat):
    def __init__(self, **given):
        if "api_key" not in given:
            raise KeyError_("The api_key must be set, or CHAT_API_KEY")
        raise KeyError_(f"bad key {given['api_key']}")

class Strict(Chat):
    api_key: int

class NoModel:
    pass
"""


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with chat models; nothing has imported it."""
    (tmp_path / "chat_package_for_tests.py").write_text(CHAT)
    (tmp_path / "chat_package_that_breaks.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "chat_package_for_tests", raising=False)
    return "chat_package_for_tests"


async def opened(stack: AsyncExitStack, **models: dict[str, object]) -> Registry:
    return await open_models(Settings.model_validate({"models": models}), None, stack)


async def said(model: Model) -> str:
    return "".join([delta.text async for delta in model.stream(ASKED)])


async def test_the_extractive_model_is_there_without_settings(stack: AsyncExitStack) -> None:
    registry = await open_models(Settings(), None, stack)
    assert list(registry) == ["extractive"]
    assert registry.entry("extractive").in_process
    assert (await registry.health("extractive")).state is HealthState.READY


async def test_a_model_that_is_to_call_no_tools_calls_none(stack: AsyncExitStack) -> None:
    registry = await opened(stack, small={"provider": "extractive", "tool_calls": "none", "tier": "tiny"})
    assert (registry["small"].info.tools, registry["small"].info.tier) == (False, "tiny")


@pytest.mark.parametrize(
    ("provider", "continues"), [("vllm", "exactly"), ("openai", "when_asked"), ("compatible", "when_asked")]
)
async def test_each_kind_of_endpoint_answers(stack: AsyncExitStack, provider: str, continues: str) -> None:
    async with Upstream(Turn(text=("Hel", "lo."))) as server:
        told = {"provider": provider, "url": server.url, "model": "m", "api_key": KEY, "window": 1024, "input_price": 2}
        registry = await opened(stack, big=told)
        assert await said(registry["big"]) == "Hello."
        await registry.aclose()
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    info = registry["big"].info
    assert (info.name, info.window, info.input_price, info.continues) == ("big", 1024, 2, continues)
    assert (info.location, registry.entry("big").in_process) == (Location.LOCAL, False)
    assert KEY not in repr(await registry.listing()) + repr(registry.entry("big"))


async def test_an_address_that_is_none_is_refused_at_once(stack: AsyncExitStack) -> None:
    with pytest.raises(SettingsError, match="no address"):
        await opened(stack, big={"provider": "vllm", "url": "127.0.0.1:8000", "model": "m"})


async def test_a_model_of_langchain_is_imported_by_its_first_call(stack: AsyncExitStack, package: str) -> None:
    registry = await opened(stack, big={"provider": "langchain", "use": f"{package}:Chat", "model": "m"})
    assert (await registry.health("big")).state is HealthState.NOT_LOADED
    assert package not in sys.modules
    assert (registry["big"].info.location, registry["big"].info.schemas) == (Location.REMOTE, False)
    assert await said(registry["big"]) == "Hello there."
    assert (await registry.health("big")).state is HealthState.READY


async def test_a_package_that_is_missing_is_named_with_its_remedy(stack: AsyncExitStack) -> None:
    told = {"provider": "langchain", "use": "langchain_not_there:Chat", "model": "m"}
    registry = await opened(stack, big=told)
    health = await registry.health("big")
    assert health.state is HealthState.FAILED
    assert "pip install langchain-not-there" in health.detail
    with pytest.raises(ModelUnavailable, match=r"'big' needs 'langchain_not_there'"):
        await said(registry["big"])


async def test_a_package_that_misses_one_of_its_own_says_which(stack: AsyncExitStack, package: str) -> None:
    told = {"provider": "langchain", "use": "chat_package_that_breaks:Chat", "model": "m"}
    registry = await opened(stack, big=told)
    with pytest.raises(ModelUnavailable, match="not installed") as raised:
        await said(registry["big"])
    assert "a_module_that_is_not_there" in str(raised.value.detail)
    assert (await registry.health("big")).state is HealthState.FAILED


@pytest.mark.parametrize(
    ("use", "arguments", "message"),
    [
        ("Chta", {}, "has no 'Chta'"),
        ("NoModel", {}, "no chat model of LangChain"),
        ("Keyed", {}, "api_key must be set.*best set in the environment"),
        ("Chat", {"responses": 3}, "responses: Input should be a valid list"),
    ],
)
async def test_what_is_wrong_in_the_settings_is_told_by_name(
    stack: AsyncExitStack, package: str, use: str, arguments: dict[str, object], message: str
) -> None:
    told = {"provider": "langchain", "use": f"{package}:{use}", "model": "m", "arguments": arguments}
    model = (await opened(stack, big=told))["big"]
    assert isinstance(model, LazyModel)
    with pytest.raises(SettingsError) as raised:
        await model.load()
    assert re.search(message, f"{raised.value.detail} {raised.value}", re.DOTALL)


@pytest.mark.parametrize("use", ["Keyed", "Strict"])
async def test_no_error_repeats_a_key(stack: AsyncExitStack, package: str, use: str) -> None:
    told = {"provider": "langchain", "use": f"{package}:{use}", "model": "m", "arguments": {"api_key": KEY}}
    registry = await opened(stack, big=told)
    with pytest.raises(ModelUnavailable) as caught:
        await said(registry["big"])
    assert KEY not in str(caught.value)
    assert KEY not in (await registry.health("big")).detail


async def test_only_vllm_servers_are_watched() -> None:
    vllm = EndpointModelSettings(provider="vllm", model="m", url="http://127.0.0.1:9/v1")
    other = EndpointModelSettings(provider="compatible", model="m", url="http://127.0.0.1:9/v1")
    async with AsyncExitStack() as stack:
        assert open_monitor(Settings(models={"other": other}), stack) is None
        monitor = open_monitor(Settings(models={"other": other, "own": vllm}), stack)
        assert monitor is not None
        assert await monitor.look("other") is None
        assert await monitor.look("own") == Status(healthy=False)


async def test_a_model_of_this_process_is_loaded_by_its_first_call(
    stack: AsyncExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="the extra `local` is not installed")
    pytest.importorskip("torch", reason="the extra `local` is not installed")
    write_tiny_model(tmp_path / "weights" / "tiny", taught={"Hello?": "Hello there."})
    told = {"provider": "local", "model": "weights/tiny", "device": "cpu"}
    settings = Settings.model_validate({"models": {"own": told}})
    registry = await open_models(settings, None, stack, root=tmp_path)
    info, entry = registry["own"].info, registry.entry("own")
    assert (info.window, info.tools, info.continues, info.schemas) == (WINDOW, True, "exactly", False)
    assert (info.location, entry.in_process, entry.served) == (Location.LOCAL, True, "weights/tiny")
    assert (await registry.health("own")).state is HealthState.NOT_LOADED
    assert await said(registry["own"]) == "Hello there."
    assert (await registry.health("own")).state is HealthState.READY


async def test_a_model_of_this_process_that_is_not_there_says_so(stack: AsyncExitStack) -> None:
    registry = await opened(stack, own={"provider": "local", "model": "./no/such/folder"})
    assert not registry["own"].info.tools
    with pytest.raises(ModelUnavailable):
        await said(registry["own"])
    assert (await registry.health("own")).state is HealthState.FAILED


def test_opening_a_project_imports_no_torch(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from contextlib import AsyncExitStack\n"
        "from citeward.project.models import open_models\n"
        "from citeward.settings import Settings\n"
        "models = {'own': {'provider': 'local', 'model': 'm'}, 'api': {'provider': 'anthropic', 'model': 'm'}}\n"
        "async def main():\n"
        "    async with AsyncExitStack() as stack:\n"
        "        registry = await open_models(Settings.model_validate({'models': models}), None, stack)\n"
        "        await registry.listing()\n"
        "asyncio.run(main())\n"
        "print(sorted({'torch', 'transformers', 'langchain_anthropic', 'anthropic'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
