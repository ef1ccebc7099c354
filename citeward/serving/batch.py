"""Many questions in one request."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from citeward.agents.agent import Agent, waiting
from citeward.contracts.event import Answered, Started, to_wire
from citeward.errors import CitewardError
from citeward.serving.refusals import noted

CONCURRENCY = 8
"""Runs of one batch at a time, at most."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question of a batch."""

    question: str
    thread_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one run of a batch ended."""

    run_id: str
    output: dict[str, Any]
    """The answer, or ``{"error": {"code", "message", "hint", "retryable", "status"}}`` in its place."""


async def batch(agent: Agent, questions: Sequence[Asked], *, at_once: int = CONCURRENCY) -> list[Ended]:
    """Run every question to its end; the results are in the questions' order.

    A run that fails is a result too, and costs no other its own. Questions of the same thread are run one after the
    other, in their order, as each goes on from the one before it.
    """
    limit = asyncio.Semaphore(at_once)
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def one(asked: Asked) -> Ended:
        if asked.thread_id is None:
            async with limit:
                return await _ended(agent, asked)
        async with turns[asked.thread_id], limit:
            return await _ended(agent, asked)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(asked)) for asked in questions]
    return [task.result() for task in tasks]


async def _ended(agent: Agent, asked: Asked) -> Ended:
    run_id = ""
    answered: Answered | None = None
    try:
        async with aclosing(agent.run(asked.question, thread_id=asked.thread_id)) as events:
            async for event in events:
                if isinstance(event, Started):
                    run_id = event.run_id
                elif isinstance(event, Answered):
                    # To the end, not to the answer: what follows it is the thread being kept.
                    answered = event
        if answered is not None:
            return Ended(run_id=run_id, output=to_wire(answered)["answer"])
        failed: CitewardError = waiting()
    except Exception as error:  # noqa: BLE001  whatever it is, the other answers are there and must reach their reader
        failed = noted(error)
    return Ended(run_id=run_id or uuid4().hex, output={"error": failed.to_dict() | {"status": failed.status}})
