"""The parent's end of the worker that parses files: started when needed, and again when a file has ended it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from citeward.errors import RunError, UnsupportedDocument
from citeward.ingest.load.content import DEFAULTS, Content, Options
from citeward.ingest.load.regular_file import size
from citeward.ingest.load.worker import virtual_memory
from citeward.workers import end_worker, read_frame, write_frame

Kind: TypeAlias = Literal["html", "pdf", "docx"]
STARTING = 120.0
"""Seconds that the worker may take to start on a busy machine."""
_INTERVAL = 0.1
"""Seconds between two looks at the worker."""
_NEARLY = 4_000_000
"""Bytes before the end of its memory at which the worker cannot go on: Python asks for a million at a time."""
_LATE = frozenset({getattr(signal, "SIGXCPU", None), getattr(signal, "SIGALRM", None)})
_PASSED_ON = ("PATH", "LANG", "LC_", "TZ", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_", "PYTHONHOME")
"""Beginnings of the names of variables that the worker gets; keys and passwords are not among them."""


class ParserProcess:
    """One worker process, used by one thread at a time; other threads wait."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Any] | None = None
        self._memory = 0  # the address space that the worker may have; 0 for any

    @property
    def pid(self) -> int | None:
        """The worker's process id, None while none runs."""
        return self._process.pid if self._process else None

    def parse(
        self, kind: Kind, parts: Iterable[bytes], *, charset: str | None = None, options: Options = DEFAULTS
    ) -> Content:
        """The content of a file.

        Args:
            kind: What the file is.
            parts: Its bytes.
            charset: The encoding of a page, when the server named it.
            options: What the parser goes by, limits of time and memory included.

        Raises:
            UnsupportedDocument: It cannot be parsed, or not within the limits.
            RunError: The worker cannot be started.
        """
        request = {
            "kind": kind,
            "charset": charset,
            "limits": options.limits.model_dump(),
            "keys": list(options.other_keys),
        }
        with self._turn:
            process = self._ready(json.dumps(request).encode())
            try:
                answer = self._ask(process, parts, options)
            except BaseException:
                self._close()  # it is in the middle of a request
                raise
            if answer.get("last"):
                self._close()
        if "content" not in answer:
            raise UnsupportedDocument(
                str(answer.get("refused")), hint="Split the file, or raise its limit in [index.limits]."
            )
        return _content(answer["content"])

    def close(self) -> None:
        """End the worker; the next file starts another."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        end, self._end, self._process = self._end, None, None
        if end is not None:
            end()

    def _ready(self, request: bytes) -> subprocess.Popen[bytes]:
        """The worker, once it waits for the file; one that has ended meanwhile, as when idle, is replaced."""
        for _ in range(2):
            process = self._process if self._process and self._process.poll() is None else self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            with _Watch(process, STARTING), contextlib.suppress(OSError, ValueError):
                write_frame(process.stdin, request)
                self._memory = int(read_frame(process.stdout, 20) or b"")
                return process
            self._close()
        raise RunError(
            f"the process that parses files does not start: {sys.executable!r}",
            hint="See whether `python -m citeward.ingest.load.worker 0` starts.",
        )

    def _ask(self, process: subprocess.Popen[bytes], parts: Iterable[bytes], options: Options) -> Mapping[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        limits = options.limits
        with _Watch(process, limits.seconds + 0.5, self._memory) as watch:
            body = None
            with contextlib.suppress(BrokenPipeError):
                for part in parts:
                    if part:
                        write_frame(process.stdin, part)
                write_frame(process.stdin, b"")
                # A control character takes six bytes of JSON.
                body = read_frame(process.stdout, 6 * limits.characters + 1_000_000)
        if body is not None:
            answer: Mapping[str, Any] = json.loads(body)
            return answer
        self._close()
        code = process.returncode if process.returncode is not None else 0
        if watch.late or -code in _LATE:
            return {"refused": f"not parsed within {limits.seconds:g} s"}
        if watch.full:
            return {"refused": f"it needs more than {size(limits.memory)} of memory"}
        return {"refused": f"its parser ended ({_ending(code)}); it may need more than {size(limits.memory)} of memory"}

    def _start(self) -> subprocess.Popen[bytes]:
        self._close()
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "citeward.ingest.load.worker", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        except OSError as error:
            raise RunError(
                f"the process that parses files does not start: {error}", hint="See whether the system has room for it."
            ) from error
        self._process = process
        # Also when this object is forgotten, or the interpreter ends, without `close`.
        self._end = weakref.finalize(self, end_worker, process)
        return process


_shared: dict[int, ParserProcess] = {}
"""By the id of the process that uses it: one that was forked must not share its parent's pipes."""
_sharing = threading.Lock()


def parser_process() -> ParserProcess:
    """The worker of this process, which is started by the first file and reused by the others."""
    with _sharing:
        return _shared.setdefault(os.getpid(), ParserProcess())


class _Watch:
    """Kills a process that takes too long, or has no memory left, while the block is run.

    Out of memory, CPython 3.11 may go round in its handling of exceptions for ever, since that takes memory as well.

    Args:
        process: What is watched.
        seconds: How long the block may take.
        memory: The address space that the process may have; 0 for any.
    """

    def __init__(self, process: subprocess.Popen[bytes], seconds: float, memory: int = 0) -> None:
        self._process = process
        self._deadline = time.monotonic() + seconds
        self._memory = memory
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.late = False
        """It was killed because it took too long."""
        self.full = False
        """It was killed because it had no memory left."""

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(max(0.0, min(_INTERVAL, self._deadline - time.monotonic()))):
            self.late = time.monotonic() >= self._deadline
            self.full = self._memory > 0 and virtual_memory(self._process.pid) > self._memory - _NEARLY
            if self.late or self.full:
                self._process.kill()
                return


def _environment() -> dict[str, str]:
    """What the worker needs to find the modules that this process found."""
    passed = {name: value for name, value in os.environ.items() if name.upper().startswith(_PASSED_ON)}
    places = [str(Path(__file__).parents[3]), *(place for place in sys.path if place)]
    return {
        **passed,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve memory
        "OMP_NUM_THREADS": "1",
    }


def _content(values: Mapping[str, Any]) -> Content:
    groups = values["groups"]
    meta = {str(key): tuple(value) if isinstance(value, list) else value for key, value in values["meta"].items()}
    return Content(
        text=str(values["text"]),
        title=str(values["title"]),
        meta=meta,
        groups=None if groups is None else tuple(groups),
        barred=str(values["barred"]),
    )


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"status {code}"
    except ValueError:
        return f"signal {-code}"
