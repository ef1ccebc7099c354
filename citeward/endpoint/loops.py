"""What belongs to one event loop and is used in several."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One value an event loop, made when it is first asked for.

    Connections and semaphores belong to the loop that they were first used in; an object that outlives one loop
    (a script with two `asyncio.run`, a test) needs others in the next.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._values: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self) -> T:
        """The running loop's value. Those of loops that are closed are let go."""
        loop = asyncio.get_running_loop()
        value = self._values.get(loop)
        if value is None:
            with self._lock:
                self._values = {at: kept for at, kept in self._values.items() if not at.is_closed()}
                value = self._values.setdefault(loop, self._make())
        return value

    def pop(self) -> T | None:
        """The running loop's value, which is forgotten; None where there was none."""
        with self._lock:
            return self._values.pop(asyncio.get_running_loop(), None)
