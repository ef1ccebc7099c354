"""A toolset of typed functions and LangChain tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from citeward.contracts.tool import ToolCall, ToolResult, Toolset, ToolSpec
from citeward.errors import CitewardError, InvalidInput, ToolError
from citeward.tools.function import Tool, ToolOptions, is_marked, tool, tool_from_function
from citeward.tools.langchain import is_langchain_tool, tool_from_langchain

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["CAP", "FunctionToolset", "ToolOptions", "call_all", "failure", "is_tool", "tool"]

CAP = 20_000
"""Characters of output that a model gets to read; more is cut."""


class FunctionToolset:
    """Typed functions, sync or async, and LangChain tools, under one roof.

    Arguments are checked before a call, and what is wrong goes back as a result in words that a model can act on.
    Each call has a time limit and its output a cap. Sync functions run in a thread each; one that outlives its time
    limit is let go, not stopped: Python has no way to stop a thread.

    >>> import asyncio
    >>> def double(number: int) -> int:
    ...     \"\"\"Twice the number.\"\"\"
    ...     return 2 * number
    >>> asyncio.run(FunctionToolset([double]).call(ToolCall(id="1", name="double", arguments={"number": 21}))).content
    '42'

    Args:
        tools: Functions (marked by `tool` or not) and LangChain tools.
        cap: Characters of output to keep.

    Raises:
        ToolError: A function that cannot be described to a model, or two tools of the same name.
    """

    def __init__(self, tools: Iterable[Callable[..., object] | BaseTool], *, cap: int = CAP) -> None:
        if cap < 1:
            raise ToolError(f"an output cap of {cap!r} leaves nothing", hint="Give a number of characters, 1 or more.")
        self._cap = cap
        self._tools: dict[str, Tool] = {}
        for given in tools:
            made = _made(given)
            if made.spec.name in self._tools:
                raise ToolError(f"two tools are called {made.spec.name!r}", hint="Rename one of them: @tool(name='…').")
            self._tools[made.spec.name] = made

    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools on offer, in the order given."""
        return tuple(made.spec for made in self._tools.values())

    async def call(self, call: ToolCall, /) -> ToolResult:
        """Run one call; whatever goes wrong is a result. Raises only CancelledError."""
        called = self._tools.get(call.name)
        if called is None:
            return self._capped(unknown(call, self._tools))
        try:
            arguments = called.parse(call.arguments)
        except InvalidInput as error:
            return self._capped(failure(call, f"{error.message}\n{error.hint}"))
        return self._capped(await _run(call, called, arguments))

    def _capped(self, result: ToolResult) -> ToolResult:
        if len(result.content) <= self._cap:
            return result
        return ToolResult(
            call_id=result.call_id,
            name=result.name,
            content=result.content[: self._cap],
            error=result.error,
            truncated=True,
        )


async def call_all(toolset: Toolset, calls: Sequence[ToolCall]) -> list[ToolResult]:
    """Run the calls side by side; results come in the order of the calls."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(toolset.call(call)) for call in calls]
    return [task.result() for task in tasks]


def is_tool(value: object) -> bool:
    """Whether a value is meant as a tool: a function that `tool` marked, or a LangChain tool."""
    return is_marked(value) or is_langchain_tool(value)


def failure(call: ToolCall, content: str) -> ToolResult:
    """A result that says what went wrong."""
    return ToolResult(call_id=call.id, name=call.name, content=content, error=True)


def unknown(call: ToolCall, names: Iterable[str]) -> ToolResult:
    """The result of a call of a tool that is not on offer."""
    offered = ", ".join(names) or "none"
    return failure(call, f"there is no tool {call.name!r}; the tools are: {offered}")


def _made(given: Callable[..., object] | BaseTool) -> Tool:
    if is_langchain_tool(given):
        return tool_from_langchain(given)
    if callable(given):
        return tool_from_function(given)
    raise ToolError(f"{given!r} is no tool", hint="Give a typed function or a LangChain tool.")


async def _run(call: ToolCall, called: Tool, arguments: Mapping[str, Any]) -> ToolResult:
    limit = asyncio.timeout(called.spec.timeout)
    try:
        async with limit:
            value = await called.run(arguments)
        return ToolResult(call_id=call.id, name=call.name, content=_text(value))
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return failure(call, f"{call.name} was cancelled from within")
    except CitewardError as error:
        return failure(call, str(error))
    except Exception as error:  # noqa: BLE001 - a tool may raise anything, and the model reads it
        if isinstance(error, TimeoutError) and limit.expired():
            return failure(call, f"{call.name} did not finish within {called.spec.timeout:g} seconds")
        return failure(call, f"{call.name} failed: {type(error).__name__}: {error}")


def _text(value: object) -> str:
    """The value as a model reads it: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "done"
    return to_json(value, fallback=str, inf_nan_mode="constants").decode()
