import asyncio
import dataclasses
import json
import sys
import threading
from datetime import date

import pytest

from citeward.contracts.tool import ToolCall
from citeward.errors import NotFound, ToolError
from citeward.testing.suites.toolset import check_toolset
from citeward.tools.toolset import FunctionToolset, call_all, is_tool, tool


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(id="1", name=name, arguments=arguments)


async def test_it_holds_to_the_contract():
    await check_toolset(
        FunctionToolset([add]), valid=[call("add", a=1), call("add", a=1, b=2)], invalid=[call("add", a="x")]
    )


async def test_sync_and_async_functions_are_called_with_checked_arguments():
    async def later(text: str) -> str:
        """Give it back later."""
        await asyncio.sleep(0)
        return text

    toolset = FunctionToolset([add, later])
    assert (await toolset.call(call("add", a="20", b=22))).content == "42"
    assert (await toolset.call(call("later", text="x"))).content == "x"


async def test_results_that_are_no_text_become_json():
    @dataclasses.dataclass
    class Flight:
        number: str
        day: date

    def flight() -> list[Flight]:
        """Find a flight."""
        return [Flight("LH1", date(2026, 1, 5))]

    def nothing() -> None:
        """Do something that returns nothing."""

    toolset = FunctionToolset([flight, nothing])
    assert json.loads((await toolset.call(call("flight"))).content) == [{"number": "LH1", "day": "2026-01-05"}]
    assert (await toolset.call(call("nothing"))).content == "done"


@pytest.mark.parametrize(
    "raised",
    [ValueError("no such order"), StopIteration(), SystemExit(3), TimeoutError("mine"), NotFound("x", hint="look")],
)
async def test_whatever_a_tool_raises_becomes_a_result(raised):
    def broken() -> str:
        """Break."""
        raise raised

    result = await FunctionToolset([broken]).call(call("broken"))
    assert result.error
    assert str(raised) in result.content


async def test_a_tool_past_its_time_is_let_go():
    released = threading.Event()

    @tool(timeout=0.05)
    def hang() -> str:
        """Hang."""
        released.wait()
        return "late"

    @tool(timeout=0.05)
    async def wait() -> str:
        """Wait."""
        await asyncio.Event().wait()
        return "late"

    toolset = FunctionToolset([hang, wait])
    for name in ("hang", "wait"):
        result = await toolset.call(call(name))
        assert result.error
        assert "did not finish within 0.05 seconds" in result.content
    released.set()


async def test_cancelling_the_caller_cancels_the_call():
    started = asyncio.Event()
    seen = []

    async def wait() -> str:
        """Wait."""
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return "late"

    task = asyncio.create_task(FunctionToolset([wait]).call(call("wait")))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]


async def test_a_tool_that_cancels_itself_does_not_cancel_the_caller():
    async def odd() -> str:
        """Cancel itself."""
        raise asyncio.CancelledError

    result = await FunctionToolset([odd]).call(call("odd"))
    assert result.error


async def test_output_past_the_cap_is_cut_and_says_so():
    def long() -> str:
        """Say much."""
        return "x" * 50

    result = await FunctionToolset([long], cap=10).call(call("long"))
    assert (result.content, result.truncated, result.error) == ("x" * 10, True, False)
    whole = await FunctionToolset([long], cap=50).call(call("long"))
    assert (whole.content, whole.truncated) == ("x" * 50, False)


async def test_an_unknown_tool_is_answered_with_the_tools_there_are():
    result = await FunctionToolset([add]).call(call("subtract"))
    assert result.error
    assert "'subtract'" in result.content
    assert "add" in result.content


async def test_calls_run_side_by_side_and_results_keep_their_order():
    both = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        """Wait for the other."""
        await both.wait()
        return name

    calls = [ToolCall(id=name, name="meet", arguments={"name": name}) for name in ("a", "b")]
    results = await call_all(FunctionToolset([meet]), calls)
    assert [(result.call_id, result.content) for result in results] == [("a", "a"), ("b", "b")]


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(ToolError, match="'add'"):
        FunctionToolset([add, add])


@pytest.mark.parametrize("given", [3, "add", None])
def test_what_cannot_be_called_is_no_tool(given):
    with pytest.raises(ToolError, match="is no tool"):
        FunctionToolset([given])


def test_only_what_is_marked_counts_as_a_project_s_tool():
    assert is_tool(tool(lambda: None))
    assert not is_tool(add)
    assert not is_tool(sys)
