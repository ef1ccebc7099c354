import asyncio
import time
from typing import Any

import pytest
from langgraph.runtime import Runtime

from citeward.errors import DeadlineExceeded
from citeward.nodes.context import Context
from citeward.nodes.deadline import bounded, remaining


def _runtime(deadline: float | None) -> Runtime[Context]:
    return Runtime(context=Context(deadline=deadline))


async def _forever(state: Any, *, runtime: Runtime[Context]) -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


async def _impatient(state: Any, *, runtime: Runtime[Context]) -> dict[str, Any]:
    raise TimeoutError("its own")


async def test_a_node_is_stopped_when_the_deadline_passes() -> None:
    with pytest.raises(DeadlineExceeded):
        await bounded(_forever)({}, runtime=_runtime(time.time() + 0.01))


async def test_a_node_does_not_begin_after_the_deadline() -> None:
    with pytest.raises(DeadlineExceeded, match="passed"):
        await bounded(_forever)({}, runtime=_runtime(time.time() - 1))


async def test_a_timeout_of_the_nodes_own_is_not_taken_for_the_deadline() -> None:
    with pytest.raises(TimeoutError, match="its own"):
        await bounded(_impatient)({}, runtime=_runtime(time.time() + 60))


def test_without_a_deadline_nothing_is_bounded() -> None:
    assert remaining(_runtime(None)) is None
