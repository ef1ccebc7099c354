"""One deadline for the whole run, held at every node."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from langgraph.runtime import Runtime

from citeward.errors import DeadlineExceeded
from citeward.logs import within_run
from citeward.nodes.context import Context, context_of

F = TypeVar("F", bound=Callable[..., Awaitable[dict[str, Any]]])


def bounded(node: F) -> F:
    """The node, stopped with DeadlineExceeded when the run's deadline passes while it works.

    What it logs, and what the parts that it calls log, names the run.
    """

    @functools.wraps(node)
    async def within(*args: Any, **kwargs: Any) -> dict[str, Any]:
        left = remaining(kwargs["runtime"])
        with within_run(context_of(kwargs["runtime"]).run_id):
            return await _until(left, node, *args, **kwargs)

    return within  # type: ignore[return-value]


async def _until(left: float | None, node: F, *args: Any, **kwargs: Any) -> dict[str, Any]:
    if left is None:
        return await node(*args, **kwargs)
    scope = asyncio.timeout(left)
    try:
        async with scope:
            return await node(*args, **kwargs)
    except TimeoutError:
        if not scope.expired():
            raise
        raise _exceeded(0.0) from None


def remaining(runtime: Runtime[Context]) -> float | None:
    """Seconds left until the run's deadline; None where there is none. Raises DeadlineExceeded where it has passed."""
    deadline = context_of(runtime).deadline
    if deadline is None:
        return None
    left = deadline - time.time()
    if left <= 0:
        raise _exceeded(-left)
    return left


def _exceeded(ago: float) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"the run's deadline passed {ago:.1f} s ago", hint="Ask for less, or raise limits.seconds in the agent's file."
    )
