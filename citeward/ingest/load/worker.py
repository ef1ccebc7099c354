"""The process in which files are parsed that may take any time or memory: `python -m citeward.ingest.load.worker PID`.

It reads requests from standard input and answers on standard output, in frames of a length (four bytes, big-endian)
and that many bytes. A request is a frame of JSON. Once the limits of that file are set, it is answered by a frame with
the address space that the process may have (in digits, 0 for any). Then comes the file in frames, the last one empty.
The answer is a frame of JSON. Nothing in it is pickled: a parser that a file has taken over must not reach the parent
through its answer.

The system ends the process when a file takes too long or too much memory. It ends by itself when its input does, when
the process PID does, and after a while without work.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import select
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any, Literal

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.content import Content, Options, check_length, one_line
from citeward.ingest.load.docx import docx
from citeward.ingest.load.html import html
from citeward.ingest.load.pdf import pdf
from citeward.ingest.load.regular_file import size
from citeward.settings import LimitSettings
from citeward.workers import read_frame, write_frame

try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None  # type: ignore[assignment]

IDLE = 60.0
"""Seconds without work after which the process ends."""
_GRACE = 5.0
"""Seconds after which the system ends the process, in case the parent did not."""
_WORN = 0.5
"""Share of the limit by which the process may grow for good; then it is replaced."""
_LIBRARIES = {"html": ("lxml.etree",), "docx": ("lxml.etree", "mammoth"), "pdf": ("pypdfium2",)}
"""Loaded before the limits are set."""


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until they end, or the process is worn out."""
    first = virtual_memory()
    while _is_awaited(requests) and (head := read_frame(requests)) is not None:
        request = json.loads(head)
        limits = LimitSettings.model_validate(request["limits"])
        for library in _LIBRARIES[request["kind"]]:
            importlib.import_module(library)
        write_frame(answers, b"%d" % _limit(limits))
        parts = []
        while part := read_frame(requests):
            parts.append(part)
        if part is None:
            return
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        del parts
        options = Options(limits=limits, other_keys=tuple(request["keys"]))
        answer = _answer(request["kind"], content, request["charset"], options)
        del content
        _lift()
        grown = virtual_memory() - first
        answer["last"] = grown > _WORN * limits.memory or "memory" in answer
        write_frame(answers, json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
        if answer["last"]:
            return


def _answer(kind: str, content: bytes, charset: str | None, options: Options) -> dict[str, Any]:
    try:
        found = check_length(_parse(kind, content, charset, options), options.limits)
        return {"content": _plain(found)}
    except UnsupportedDocument as error:
        return {"refused": error.message}
    except MemoryError:
        return {"refused": f"it needs more than {size(options.limits.memory)} of memory", "memory": True}
    except Exception as error:  # noqa: BLE001 - parsers raise anything; one broken file never stops the rest
        return {"refused": f"cannot be parsed: {error!r:.200}"}


def _plain(content: Content) -> dict[str, Any]:
    return {
        "text": content.text,
        "title": one_line(content.title),
        "meta": dict(content.meta),
        "groups": content.groups,
        "barred": content.barred,
    }


def _parse(kind: str, content: bytes, charset: str | None, options: Options) -> Content:
    if kind == "html":
        return html(content, charset=charset, options=options)
    return docx(content, options=options) if kind == "docx" else pdf(content, options=options)


def _limit(limits: LimitSettings) -> int:
    """Set what the next file may take, on top of what the process has taken so far; returns the address space."""
    if resource is None:  # pragma: no cover - Windows
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + limits.seconds + 1))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE)
    if not (taken := virtual_memory()):
        return 0
    _set(resource.RLIMIT_AS, taken + limits.memory)
    return taken + limits.memory


def _lift() -> None:
    """Take the limits away, so that an answer can be given in any case."""
    if resource is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _set(resource.RLIMIT_AS, resource.getrlimit(resource.RLIMIT_AS)[1])


def _set(kind: int, soft: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY and (soft == resource.RLIM_INFINITY or soft > hard):
        soft = hard
    with contextlib.suppress(ValueError, OSError):  # not every system limits memory
        resource.setrlimit(kind, (soft, hard))


def virtual_memory(pid: int | Literal["self"] = "self") -> int:
    """Bytes of address space that a process has; 0 when the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _is_awaited(requests: IO[bytes]) -> bool:
    """Wait for the next request; False when none comes for a while."""
    if os.name != "posix":  # pragma: no cover - Windows
        return True
    return bool(select.select([requests], [], [], IDLE)[0])


def _end_with(parent: int) -> None:
    """End this process when the parent has ended, whatever a parser is at."""

    def watch() -> None:
        never = threading.Event()
        while os.getppid() == parent:
            never.wait(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Serve over standard input and output."""
    # Ctrl-C reaches every process of the terminal; when to end is the parent's to say, by closing the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix":
        _end_with(int(sys.argv[1]))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    # What a library may print must not get in between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if resource is not None:
        _set(resource.RLIMIT_CORE, 0)
        _set(resource.RLIMIT_FSIZE, 0)  # parsers write no files
    try:
        serve(sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
