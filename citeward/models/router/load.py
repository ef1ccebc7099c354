"""Steers away from servers that are full or down."""

from __future__ import annotations

from citeward.contracts.routing import Monitor, Status

FULL_QUEUE = 8
"""Requests waiting from which a server is full: a new one would wait for all of them before its first token."""
FULL_CACHE = 0.95
"""Share of the KV cache from which a server is full: vLLM begins to preempt running requests soon after."""


def statuses(monitor: Monitor | None, names: list[str]) -> dict[str, Status]:
    """What is known of the models' servers; a model of which nothing is known is taken to be well."""
    found = {name: monitor.status(name) for name in names} if monitor is not None else {}
    return {name: found.get(name) or Status() for name in names}


def trouble(status: Status) -> str:
    """Why the server is better left alone now, in plain words; empty where it is not."""
    if not status.healthy:
        return "it is not healthy"
    if status.waiting >= FULL_QUEUE:
        return f"{status.waiting} requests wait for it"
    if status.kv_cache_usage >= FULL_CACHE:
        return f"its KV cache is {status.kv_cache_usage:.0%} full"
    return ""


def weight(status: Status) -> tuple[bool, bool, int, float]:
    """Sorts servers from the one that can take a request best: well, then full by its queue, then down."""
    full = bool(trouble(status))
    return (not status.healthy, full, status.waiting if full else 0, status.kv_cache_usage if full else 0.0)
