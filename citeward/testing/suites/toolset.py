"""What every Toolset must hold to.

Call it from your own tests, with calls that it should and should not take:

    async def test_my_tools_are_a_toolset():
        await check_toolset(MyTools(), valid=[ToolCall(...)], invalid=[ToolCall(...)])

It raises AssertionError with the call's id and what was wrong.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from citeward.contracts.tool import ToolCall, ToolResult, Toolset

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def check_toolset(toolset: Toolset, *, valid: Sequence[ToolCall], invalid: Sequence[ToolCall] = ()) -> None:
    """Hold `toolset` to its contract.

    Its tools have unique names that model APIs take, descriptions, and schemas of objects. A valid call gives a result
    that is no error, an invalid one and one of an unknown tool an error that says something; each carries the call's id
    and name. Calls side by side do not mix. Nothing raises but CancelledError, which is passed on.

    Args:
        toolset: What is checked.
        valid: Calls that succeed; they are made twice.
        invalid: Calls whose arguments are wrong.
    """
    specs = toolset.specs()
    names = [spec.name for spec in specs]
    assert len(set(names)) == len(names), f"names are unique: {names}"
    for spec in specs:
        assert _NAME.fullmatch(spec.name), f"{spec.name!r} is a name that model APIs take"
        assert spec.description.strip(), f"{spec.name} says what it does"
        assert spec.parameters.get("type") == "object", f"{spec.name} takes an object"
        assert spec.timeout > 0, f"{spec.name} has time to run"
    for call in valid:
        result = await toolset.call(call)
        _check(result, call)
        assert not result.error, f"call {call.id} of {call.name} succeeds, got {result.content!r}"
    nobody = ToolCall(id="nobody", name="no_such_tool_" + "x" * 40)
    for call in (*invalid, nobody):
        result = await toolset.call(call)
        _check(result, call)
        assert result.error, f"call {call.id} of {call.name} fails, got {result.content!r}"
    together = await asyncio.gather(*(toolset.call(call) for call in valid))
    for call, result in zip(valid, together, strict=True):
        _check(result, call)
    await _check_cancelled(toolset, valid)


def _check(result: ToolResult, call: ToolCall) -> None:
    assert isinstance(result, ToolResult), f"call {call.id} gives a ToolResult"
    assert result.call_id == call.id, f"call {call.id} carries its id"
    assert result.name == call.name, f"call {call.id} carries its tool's name"
    assert isinstance(result.content, str), f"call {call.id} gives text"
    assert result.content or not result.error, f"call {call.id} says what went wrong"


async def _check_cancelled(toolset: Toolset, valid: Sequence[ToolCall]) -> None:
    for call in valid[:1]:
        task = asyncio.ensure_future(toolset.call(call))
        task.cancel()
        done, _ = await asyncio.wait([task])
        assert all(one.cancelled() for one in done), f"call {call.id} passes a cancellation on"
