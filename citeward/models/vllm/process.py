"""A process with children of its own: started in a group, logged to a file, and ended whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from citeward.errors import ModelUnavailable
from citeward.models.vllm.failures import INSTALL

TAIL = 65_536
"""Bytes of the log's end that are read; vLLM's usage text alone has 40,000."""


class Group:
    """A running process and its children. Made by `start`; always `stop` it.

    Args:
        process: The leader of a process group of its own.
        log: What it writes to.
        begin: Where in the log its words begin.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path, begin: int) -> None:
        self._process = process
        self._log = log
        self._begin = begin

    @property
    def pid(self) -> int:
        """Of the leader, and of the group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How the leader exited; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """How it exited, once it has."""
        return await self._process.wait()

    def tail(self) -> str:
        """The end of what it has written."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._begin, size - TAIL))
            return file.read().decode("utf-8", "replace")

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL for what is left of the group after `grace` seconds; done also where it is cancelled."""
        ending = asyncio.ensure_future(self._stop(grace))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            self._signal(signal.SIGKILL)
            await ending
            raise

    async def _stop(self, grace: float) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._process.wait()
        # Also where the leader went at once: its workers may still hold the GPU's memory.
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


async def start(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, what: str = "vLLM"
) -> Group:
    """The command, running, with its output and its errors in `log`.

    Args:
        command: Its words.
        log: Appended to.
        environment: Laid over the process's own.
        what: As errors name it.

    Raises:
        ModelUnavailable: There is no such program, or the log cannot be written.
    """
    try:
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
            return Group(process, log, file.tell())
    except (FileNotFoundError, PermissionError) as error:
        if error.filename == str(log):
            raise ModelUnavailable(
                f"the log {str(log)!r} cannot be written: {error}", hint="Choose another."
            ) from error
        raise ModelUnavailable(
            f"{what} is not installed: there is no program {command[0]!r}",
            hint=f"{INSTALL} (Linux), or name the Python that has it by `python`.",
        ) from error
