"""What the exit code says."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code means."""

    DONE = 0
    FAILED = 1
    """The run failed: a model, the store or a tool."""
    USAGE = 2
    """A mistake in the call, a project file or a setting."""
    NO_ANSWER = 3
    """Nothing went wrong, but the documents do not answer, or a guard stopped the question."""
    GATE = 4
    """An evaluation ran and missed its thresholds."""
    INTERRUPTED = 130
