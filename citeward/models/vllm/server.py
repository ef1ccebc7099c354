"""A vLLM server that runs as long as it is needed."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from citeward.errors import DeadlineExceeded, ModelUnavailable, SettingsError
from citeward.models.vllm.command import serve_command, serve_environment
from citeward.models.vllm.failures import diagnosed
from citeward.models.vllm.options import VLLMOptions
from citeward.models.vllm.process import Group, start

if TYPE_CHECKING:
    import httpx

_EVERY = 0.25
"""Seconds between two looks at whether the server is up."""


class VLLMServer:
    """Serves a model from `async with` to its end. Making one starts nothing.

    The server gets a process group of its own, so that Ctrl-C does not reach it before its callers are done, and so
    that its workers end with it. A caller that is cancelled, while it waits for the start too, ends it as well.

    Args:
        model: Name of a repository, or a folder.
        options: How it is served; port 0 takes a free one.
        deadline: Seconds until it must be up; downloading a model takes its time.
        grace: Seconds that it has for ending by itself.
        log: What vLLM writes goes there; a temporary file where None, kept where the server failed.
        environment: Laid over the process's own, as `{"CUDA_VISIBLE_DEVICES": "1"}` or `{"VLLM_API_KEY": ...}`.

    Raises:
        SettingsError: The model has no name, or a time is none.

    Example::

        async with VLLMServer("Qwen/Qwen2.5-7B-Instruct-AWQ", VLLMOptions(max_model_len=8192)) as server:
            model = OpenAICompatibleModel(server.url, server.name, dialect=VLLM)
    """

    def __init__(
        self,
        model: str,
        options: VLLMOptions | None = None,
        *,
        deadline: float = 600.0,
        grace: float = 20.0,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if not (deadline > 0 and grace >= 0):
            raise SettingsError(
                f"a deadline of {deadline!r} and a grace of {grace!r} seconds make no sense", hint="Give more than 0."
            )
        self._model = model
        self._options = options or VLLMOptions()
        self._deadline = deadline
        self._grace = grace
        self._log = log
        self._kept = log is not None
        self._environment = dict(environment or {})
        self._group: Group | None = None
        serve_command(model, self._options)

    @property
    def url(self) -> str:
        """For clients on this machine, up to and with the version."""
        return f"{self._root()}/v1"

    @property
    def name(self) -> str:
        """What requests call the model."""
        return self._options.served_model_name or self._model

    @property
    def command(self) -> list[str]:
        """What is run."""
        return serve_command(self._model, self._options)

    @property
    def log(self) -> Path | None:
        """What vLLM writes to; None before the start, where none was named."""
        return self._log

    @property
    def pid(self) -> int | None:
        """Of the server and its process group; None while it does not run."""
        return self._group.pid if self._group else None

    async def __aenter__(self) -> VLLMServer:
        """Up and healthy.

        Raises:
            DeadlineExceeded: It was not up in time.
            ModelUnavailable: vLLM is not installed, finds no GPU or too little memory; the hint says what to lower.
            SettingsError, NotFound, AuthenticationFailed: An option, or a model, that cannot be served.
        """
        self._options = replace(self._options, port=_port(self._options))
        if self._log is None:
            handle, path = tempfile.mkstemp(prefix="citeward-vllm-", suffix=".log")
            os.close(handle)
            self._log = Path(path)
        environment = serve_environment(self._options) | self._environment
        self._group = await start(self.command, log=self._log, environment=environment)
        try:
            await self._healthy(self._group)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        died = self._group is not None and self._group.code is not None
        await self._stop()
        if self._log is not None and not self._kept and not died:
            self._log.unlink(missing_ok=True)
            self._log = None

    async def wait(self) -> None:
        """Until the server ends by itself, which is a failure.

        Raises:
            ModelUnavailable, SettingsError: Why it ended, as far as its log tells.
        """
        if self._group is not None:
            await self._group.wait()
            raise self._failed(self._group)

    def tail(self) -> str:
        """The end of what it has written; empty before the start."""
        return self._group.tail() if self._group else ""

    async def _stop(self) -> None:
        group, self._group = self._group, None
        if group is not None:
            await group.stop(self._grace)

    async def _healthy(self, group: Group) -> None:
        import httpx

        try:
            # Straight to this machine: a proxy knows nothing of it.
            async with asyncio.timeout(self._deadline), httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
                while not await self._answers(client):
                    if group.code is not None:
                        raise self._failed(group)
                    await asyncio.sleep(_EVERY)
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"vLLM did not serve {self._model!r} within {self._deadline:g} seconds",
                hint=f"Give it a longer deadline, or see {str(self._log)!r} for what takes so long.",
            ) from error
        if group.code is not None:
            raise self._failed(group)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        import httpx

        try:
            return (await client.get(f"{self._root()}/health")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _failed(self, group: Group) -> Exception:
        error = diagnosed(group.tail(), group.code, model=self._model, options=self._options)
        error.hint = f"{error.hint} Log: {self._log}"
        return error

    def _root(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._options.host, self._options.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._options.port}"


def _port(options: VLLMOptions) -> int:
    """The port, found free: what listens there would else be taken for the server that is being started.

    Raises:
        ModelUnavailable: It is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            raise ModelUnavailable(
                f"port {options.port!r} of {options.host!r} cannot be bound: {error.strerror or error}",
                hint="Choose another `port` (0 takes a free one), or stop what listens there.",
            ) from error
        return int(probe.getsockname()[1])
