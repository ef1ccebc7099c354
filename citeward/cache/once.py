"""One computation for identical questions that are asked at the same time."""

from __future__ import annotations

import time

from citeward.contracts.answer import Answer
from citeward.contracts.cache import Cache, Scope

TURNS = 2
"""Turns of others that a run sits out. Where two have ended without an answer that may be given again, the third of
them would too: the question is one whose answers are not stored, and waiting would only put the runs in a row."""


async def get_once(
    cache: Cache, question: str, scope: Scope, *, run_id: str, wait: float, seconds: float
) -> Answer | None:
    """The stored answer, waited for where another run is just computing it; None where this run has to compute.

    With None the run usually holds the turn, and others wait for it: it must end it (``cache.turns.end(run_id)``) once
    its answer is stored or it is over. A turn that is never ended is over after `seconds`.

    Args:
        cache: Where answers are kept.
        question: What is asked.
        scope: Within what it may be answered.
        run_id: Who asks.
        wait: Seconds, at most, that this run waits for others; then it computes beside them.
        seconds: How long its turn may last.
    """
    until = time.monotonic() + wait
    for waited in range(TURNS + 1):
        mine = await cache.turns.take(question, scope, run_id=run_id, seconds=seconds)
        # Looked up after the turn is taken: what an earlier holder stored is there by now, and nobody computes twice.
        try:
            answer = await cache.get(question, scope)
        except BaseException:
            await cache.turns.end(run_id)
            raise
        if answer is not None and mine:
            await cache.turns.end(run_id)
        left = until - time.monotonic()
        if answer is not None or mine or waited == TURNS or left <= 0:
            return answer
        await cache.turns.ended(question, scope, seconds=left)
    return None
