"""How far a long command is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console

EVERY = 5.0
"""Seconds between two lines, where there is no terminal to draw a bar on."""
WINDOW = 30.0
"""Seconds that tell how long the rest takes: what was unchanged went by faster than what has to be embedded."""
SURE = 1.0
"""Seconds before which nothing is said of the rest."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far it is."""

    done: int
    total: int
    what: str
    """What is counted: `files`."""
    share: float
    """Part of the work that is done, 0..1; weighed better than by counting, where that can be."""
    rate: float
    """Passages a second so far."""
    seconds: float
    """Since the beginning."""


Show: TypeAlias = Callable[[Step], None]


def counting(of: str = "") -> Callable[[int, int], None]:
    """Shows a count on one line of stderr that is written over; nothing where that is no terminal.

    Args:
        of: What is counted, as ` models`.
    """

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{total}{of}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    return tell


class Pace:
    """Tells from the last while how long the rest takes.

    >>> pace = Pace()
    >>> [pace.left(seconds=seconds, share=share) for seconds, share in ((0.0, 0.0), (10.0, 0.25))]
    [None, 30.0]
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, float]] = deque()

    def left(self, *, seconds: float, share: float) -> float | None:
        """Seconds that the rest takes; None while that cannot be said."""
        self._marks.append((seconds, share))
        while len(self._marks) > 2 and seconds - self._marks[1][0] >= WINDOW:
            self._marks.popleft()
        since, had = self._marks[0]
        if share <= had or seconds - since < SURE:
            return None
        return (1 - share) * (seconds - since) / (share - had)


@contextmanager
def showing(console: Console, doing: str) -> Iterator[Show]:
    """Shows each step that it is told, for as long as the block lasts.

    Args:
        console: A terminal gets a bar that vanishes at the end, anything else a line every few seconds.
        doing: What is done, one word: `indexing`.
    """
    if console.is_terminal:
        with _bar(console, doing) as show:
            yield show
    else:
        yield _lines(console, doing)


@contextmanager
def _bar(console: Console, doing: str) -> Iterator[Show]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    told = TextColumn("{task.fields[told]}")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), told, TimeElapsedColumn())
    pace = Pace()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=None, told="")

        def show(step: Step) -> None:
            bar.update(task, completed=step.share, total=1.0, told=_told(step, pace))

        yield show


def _lines(console: Console, doing: str) -> Show:
    pace = Pace()
    told_at = 0.0

    def show(step: Step) -> None:
        nonlocal told_at
        told = _told(step, pace)
        if step.seconds - told_at >= EVERY:
            told_at = step.seconds
            console.print(f"{doing}: {told}, {_clock(step.seconds)} so far", soft_wrap=True)

    return show


def _told(step: Step, pace: Pace) -> str:
    left = pace.left(seconds=step.seconds, share=step.share)
    parts = [f"{step.done:,}/{step.total:,} {step.what}"]
    if step.rate >= 0.5 and step.seconds >= SURE:
        parts.append(f"{step.rate:,.0f} passages/s")
    if left is not None:
        parts.append(f"about {_clock(left)} left")
    return ", ".join(parts)


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds, as `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
