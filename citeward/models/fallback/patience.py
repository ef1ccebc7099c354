"""How long a model may be silent."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Patience:
    """Ends the wait for a model that is silent for longer than its share of the time that is left.

    A context manager around the whole listening; it raises TimeoutError. The share is counted anew from every sign of
    life, so that a model which speaks may speak until the time is over, and one that falls silent leaves time for
    those after it. Only the wait is ended, never the work on what was heard: between `heard` and `waiting` nothing is
    cut off. A token costs two attributes; the clock is set when a share is over, not at each token.

    Args:
        until: When the time is over, by the running loop's clock; None waits for as long as it takes.
        shares: Among how many models what is left is shared, this one counted.
    """

    def __init__(self, until: float | None, shares: int) -> None:
        self._until = until
        self._shares = shares
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._since: float | None = None
        self._fired = False

    def __enter__(self) -> Patience:
        self._task = asyncio.current_task()
        assert self._task is not None, "a model is listened to within a task"
        self._cancelling = self._task.cancelling()
        self._since = self._loop.time()
        if self._until is not None:
            self._set(self._due(self._since))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._fired or self._task is None:
            return
        ours = self._task.uncancel() <= self._cancelling
        if ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def heard(self) -> None:
        """The model has spoken, and what it said is being worked on."""
        self._since = None

    def waiting(self) -> None:
        """The work is done; the model may be silent again for its share."""
        self._since = self._loop.time()

    def hurry(self, seconds: float) -> None:
        """Wait for no longer than this from now on."""
        now = self._loop.time()
        self._until = now + seconds if self._until is None else min(self._until, now + seconds)
        self._shares = 1
        if self._timer is not None:
            self._timer.cancel()
        self._set(self._until)

    def _due(self, since: float) -> float:
        assert self._until is not None
        return since + max(0.0, self._until - since) / self._shares

    def _set(self, when: float) -> None:
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        due = self._due(now if self._since is None else self._since)
        if self._since is not None and now >= due - _TICK:
            self._fired = True
            assert self._task is not None
            self._task.cancel()
        else:
            self._set(max(due, now + _TICK))


_TICK = 0.001
"""Seconds: a timer may ring a little early."""
