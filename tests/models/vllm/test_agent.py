"""A whole agent over a real vLLM server. What the model says is random; what becomes of it is not."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from citeward.agents.agent import Agent
from citeward.cli import main
from citeward.contracts.event import (
    Answered,
    Event,
    Passages,
    Restarted,
    Routed,
    Started,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from citeward.contracts.model import Message, ModelRequest, Sampling
from citeward.models.openai_compatible.dialect import VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.models.vllm.metrics import Metrics, read_metrics
from citeward.project.opened import open_project
from citeward.project.starter import init_project

QUESTION = "When does the harbour master open the port of Lund?"
WINDOW = 8192
SILENT = {"logit_bias": {str(token): -100 for token in range(5)}}
"""Not to say what ends an answer, and what encloses a call."""
CALLING = {"logit_bias": {"3": 100}, "parallel_tool_calls": False}
"""To begin a call before all else, and to make one only."""
BERTHS = '''
from typing import Literal

from citeward import tool


@tool
def berths(kind: Literal["port", "berth"]) -> str:
    """Count them."""
    return f"{kind}: 42"
'''
SETTINGS = """
[models.extractive]
provider = "extractive"
tier = "small"
tool_calls = "none"

[models.qwen]
provider = "vllm"
url = "{url}"
model = "{name}"
tier = "large"
window = {window}
extra = {extra}

[router]
threshold = 0.0

[cache]
entries = 0
"""


@pytest.fixture(scope="module")
def server(serving_vllm: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """One that computes two sequences at a time, so that it is soon full."""
    options = {"max_model_len": WINDOW, "max_num_seqs": 2, "enable_lora": False, "max_lora_rank": None}
    with serving_vllm(**options, tool_strict_level=None) as served:
        yield served


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one document and a tool, indexed."""
    root = tmp_path / "app"
    init_project(root)
    for page in (root / "docs").iterdir():
        page.unlink()
    text = "# Ports\n\nThe harbour master opens the port of Lund at seven o'clock.\n"
    (root / "docs" / "ports.md").write_text(text)
    (root / "tools" / "berths.py").write_text(BERTHS)
    assert main(["index", "--project", str(root)]) == 0
    return root


@asynccontextmanager
async def answering(
    root: Path, server: Any, *, tokens: int = 48, tools: str = "[]", extra: object = SILENT
) -> AsyncIterator[Agent]:
    """The project's agent, with the server as the larger model, which is to answer whatever it may."""
    told = SETTINGS.format(url=server.url, name=server.name, window=WINDOW, extra=_inline(extra))
    settings = root / "citeward.toml"
    parts = settings.read_text().partition("[models")[0]
    settings.write_text(parts + told)
    (root / "agents" / "assistant.yaml").write_text(
        f"name: assistant\ndescription: Answers.\nprompt: answer\ntools: {tools}\n"
        f"sampling: {{temperature: 0, max_tokens: {tokens}}}\nlimits: {{steps: 2, seconds: 120}}\n"
    )
    async with open_project(root, keep_threads=False) as project:
        yield project.agent()


def _inline(value: Any) -> str:
    """The value as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_inline(item)}' for key, item in value.items()) + "}"
    return json.dumps(value)


async def metrics(server: Any) -> Metrics:
    async with httpx.AsyncClient() as client:
        return await read_metrics(client, server.url)


async def idle(server: Any) -> Metrics:
    """Wait until it computes nothing."""
    async with asyncio.timeout(60):
        while (now := await metrics(server)).running or now.waiting:  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0.01)
    return now


def text(events: list[Event]) -> str:
    """What was said, after the last time that it was withdrawn."""
    last = max((at for at, event in enumerate(events) if isinstance(event, Restarted)), default=-1)
    return "".join(event.text for event in events[last + 1 :] if isinstance(event, TextDelta))


async def test_a_question_goes_all_the_way_to_an_answer(root: Path, server: Any) -> None:
    async with answering(root, server) as agent:
        events = [event async for event in agent.run(QUESTION)]
    kinds = [type(event) for event in events if not isinstance(event, TextDelta)]
    assert kinds[:3] == [Started, Passages, Routed]
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert answer.route is not None
    assert (answer.route.model, answer.route.fallbacks) == ("qwen", ("extractive",))
    assert text(events) == answer.text
    assert len(answer.text) > 10
    assert sum(isinstance(event, TextDelta) for event in events) > 1
    assert answer.usage.output_tokens == 48
    assert answer.usage.input_tokens > len(QUESTION)


async def test_a_tool_is_called_with_arguments_of_its_schema_and_read(root: Path, server: Any) -> None:
    """Nothing on the server says so: the tool is strict because the request says it."""
    async with answering(root, server, tokens=400, tools="[berths]", extra=CALLING) as agent:
        events = [event async for event in agent.run(QUESTION)]
    (called,) = [event.call for event in events if isinstance(event, ToolCalled)]
    (returned,) = [event.result for event in events if isinstance(event, ToolReturned)]
    assert called.name == "berths"
    assert called.arguments["kind"] in ("port", "berth")
    assert (returned.content, returned.error) == (f"{called.arguments['kind']}: 42", False)
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert answer.route is not None
    assert answer.route.model == "qwen"
    assert answer.usage.calls == 2


async def test_ten_answers_in_a_row_come_over_one_connection(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import aiohttp

    opened = 0
    connect = aiohttp.TCPConnector._create_connection

    async def counting(self: Any, *arguments: Any, **more: Any) -> Any:
        nonlocal opened
        opened += 1
        return await connect(self, *arguments, **more)

    monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", counting)
    model = OpenAICompatibleModel(server.url, server.name, dialect=VLLM, extra=SILENT)
    request = ModelRequest(
        messages=(Message(role="user", content="Which port?"),), sampling=Sampling(temperature=0.0, max_tokens=8)
    )
    async with aclosing(model):
        for _ in range(10):
            assert [delta async for delta in model.stream(request)]
        assert opened == 1
        async with aclosing(model.stream(request)) as stream:
            await anext(stream)
        assert [delta async for delta in model.stream(request)]
        assert opened == 2
    await idle(server)


async def test_leaving_a_run_frees_its_sequence(root: Path, server: Any) -> None:
    async with answering(root, server, tokens=3000) as agent:
        before = await idle(server)
        async with aclosing(agent.run(QUESTION)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        after = await idle(server)
        assert 0 < after.generated_tokens - before.generated_tokens < 3000

        async def asked() -> None:
            await agent.ask(QUESTION)

        task = asyncio.create_task(asked())
        async with asyncio.timeout(60):
            while not (await metrics(server)).running:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        last = await idle(server)
        assert last.generated_tokens - after.generated_tokens < 3000


async def test_a_full_server_is_passed_over_and_used_again_when_it_is_not(root: Path, server: Any) -> None:
    flood = OpenAICompatibleModel(server.url, server.name, dialect=VLLM, extra=SILENT)
    request = ModelRequest(
        messages=(Message(role="user", content="Which port?"),), sampling=Sampling(temperature=0.0, max_tokens=4000)
    )

    async def stream() -> None:
        async for _ in flood.stream(request):
            pass

    async with aclosing(flood), answering(root, server) as agent:
        monitor = agent.services.router._monitor  # type: ignore[attr-defined]
        tasks = [asyncio.create_task(stream()) for _ in range(14)]
        try:
            async with asyncio.timeout(60):
                while (await metrics(server)).waiting < 8:  # noqa: ASYNC110  nobody tells us
                    await asyncio.sleep(0.01)
            await monitor.look("qwen")
            answer = await agent.ask(QUESTION)
            assert answer.route is not None
            assert answer.route.model == "extractive"
            assert "requests wait for it" in answer.route.reason
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await idle(server)
        await monitor.look("qwen")
        answer = await agent.ask(QUESTION)
        assert answer.route is not None
        assert answer.route.model == "qwen"


@pytest.fixture
def mortal(serving_vllm: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """One that a test may kill."""
    with serving_vllm(max_model_len=WINDOW, enable_lora=False, max_lora_rank=None) as served:
        yield served


async def test_a_server_that_dies_amid_an_answer_is_followed_by_the_next_model(root: Path, mortal: Any) -> None:
    """The extractive model cannot go on from another's words: it begins again, and says so."""
    async with answering(root, mortal, tokens=5000) as agent:
        events: list[Event] = []
        async for event in agent.run(QUESTION):
            if isinstance(event, TextDelta) and not any(isinstance(one, TextDelta) for one in events):
                os.killpg(mortal.pid, signal.SIGKILL)
            events.append(event)
        again = await agent.ask(QUESTION)
    (restarted,) = [event for event in events if isinstance(event, Restarted)]
    assert restarted.model == "extractive"
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert answer.route is not None
    assert answer.route.model == "extractive"
    assert "qwen failed" in answer.route.reason
    assert text(events) == answer.text
    assert "seven o'clock" in answer.text
    assert answer.citations
    assert "seven o'clock" in again.text
