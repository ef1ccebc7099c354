"""Measures several models over the same requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from citeward.contracts.model import ModelRequest
from citeward.errors import InvalidInput
from citeward.evals.compare.call import Call, timed
from citeward.evals.compare.comparison import Comparison, Row, row
from citeward.models.footprint.machine import process_memory
from citeward.models.registry import Registry


async def compare(
    registry: Registry,
    requests: Sequence[ModelRequest],
    *,
    names: Sequence[str] = (),
    repeat: int = 3,
    concurrency: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Ask every model every request `repeat` times, one model after another.

    Args:
        registry: Where the models are.
        requests: What each is asked; the same for all.
        names: Of the models, in the order to measure them; all of the registry where empty.
        repeat: How often each request is asked.
        concurrency: Calls of a model at the same time.
        progress: Told how many models are done, and of how many.

    Raises:
        NotFound: No model of such a name; nothing was asked.
        InvalidInput: Nothing to ask, or a number below 1.
    """
    if not requests or repeat < 1 or concurrency < 1:
        raise InvalidInput(
            f"{len(requests)} prompts, {repeat!r} times, {concurrency!r} at once: nothing would be measured",
            hint="Give at least one prompt, and numbers of 1 or more.",
        )
    chosen = list(dict.fromkeys(names)) or list(registry)
    for name in chosen:
        registry.entry(name)
    rows = []
    for done, name in enumerate(chosen, 1):
        rows.append(await _measured(registry, name, list(requests) * repeat, concurrency))
        if progress is not None:
            progress(done, len(chosen))
    return Comparison(
        rows=tuple(rows), settings={"prompts": len(requests), "repeat": repeat, "concurrency": concurrency}
    )


async def _measured(registry: Registry, name: str, requests: Sequence[ModelRequest], concurrency: int) -> Row:
    entry = registry.entry(name)
    before = process_memory() if entry.in_process else None
    memory = [before] if before is not None else []

    async def ask(request: ModelRequest) -> Call:
        call = await timed(entry.model, request)
        if before is not None and (now := process_memory()) is not None:
            memory.append(now)
        return call

    first = await ask(requests[0])
    calls, began = [first], time.perf_counter()
    if first.error is None or first.error.retryable:
        calls = await _all(requests, ask, concurrency)
    return row(
        calls,
        name=name,
        provider=entry.provider,
        served=entry.served,
        first_use=None if first.error else first.first,
        memory=max(memory) - memory[0] if memory else None,
        seconds=time.perf_counter() - began,
    )


async def _all(
    requests: Sequence[ModelRequest], ask: Callable[[ModelRequest], Awaitable[Call]], concurrency: int
) -> list[Call]:
    """Every request's call, so many at the same time, begun in order."""
    calls: dict[int, Call] = {}
    waiting = iter(enumerate(requests))

    async def worker() -> None:
        for place, request in waiting:
            calls[place] = await ask(request)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(requests))):
            group.create_task(worker())
    return [calls[place] for place in sorted(calls)]
