"""The host: processors, their load, and memory; read from the system, with no package's help."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_USED = (Path("/sys/fs/cgroup/memory.current"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"))


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What this process may use of the host."""

    cpus: int
    """Processors that it may run on."""
    load: float | None
    """Processes that wanted to run in the last minute, on average; None where the system does not say."""
    memory: int | None
    """Bytes in all: the container's limit where it has one."""
    available: int | None
    """Bytes that can be had without swapping."""
    process: int | None
    """Bytes that this process and its children hold now."""


def read_machine() -> Machine:
    """The host as it is now. What a system does not say is None."""
    memory, available = _memory()
    return Machine(
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        memory=memory,
        available=available,
        process=process_memory(),
    )


def process_memory() -> int | None:
    """Bytes of resident memory, of this process and of the children that it has started; None where nothing says.

    Pages that several of them share count once for each.
    """
    if sys.platform == "linux":
        return sum(_resident(process) for process in _family(os.getpid()))
    try:
        import resource
    except ImportError:  # Windows
        return None
    # The highest so far, in bytes on macOS: growth is told rightly, shrinking never is.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _memory() -> tuple[int | None, int | None]:
    """Bytes in all and available, of the host or of the container, whichever is less."""
    told = dict(_meminfo())
    total, available = told.get("MemTotal"), told.get("MemAvailable")
    if total is None and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, used = _number(_LIMITS), _number(_USED)
    if limit is None or total is None or limit >= total:
        return total, available
    left = None if used is None else max(0, limit - used)
    return limit, min((one for one in (available, left) if one is not None), default=None)


def _meminfo() -> Iterator[tuple[str, int]]:
    for line in _text(PROC / "meminfo").splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdigit():
            yield name, int(words[0]) * 1024


def _family(process: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield process
    for children in (PROC / str(process) / "task").glob("*/children"):
        for child in _text(children).split():
            yield from _family(int(child))


def _resident(process: int) -> int:
    fields = _text(PROC / str(process) / "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0


def _number(files: tuple[Path, ...]) -> int | None:
    """The first file's number; None where there is none, or where it says `max`."""
    texts = (_text(file).strip() for file in files)
    return next((int(text) for text in texts if text.isdigit()), None)


def _text(path: Path) -> str:
    """Empty where it cannot be read: a process may be gone by now, and a system may not have the file."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
