"""A connection to a Ray cluster."""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from citeward.errors import RunError, SettingsError

_HINT = "Start a cluster with `ray start --head`, or leave the address out for one on this machine."
_PATIENCE = 10.0
"""Seconds that the head has to answer."""


@contextmanager
def connected(address: str | None = None) -> Iterator[Any]:
    """The `ray` module, connected for as long as the block lasts; one that was connected before stays so.

    Args:
        address: Of the cluster's head, as `10.0.0.1:6379`. Where None, RAY_ADDRESS, or a cluster that runs on this
            machine, or one that is started here and ends with the block.

    Raises:
        SettingsError: Ray is not installed.
        RunError: The cluster cannot be reached.
    """
    if importlib.util.find_spec("ray") is None:
        raise SettingsError("engine 'ray' needs Ray, which is not installed", hint="pip install 'citeward[ray]'")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a worker without a GPU leaves the settings alone
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its native part writes to stderr, whatever `logging` says
    import ray

    if ray.is_initialized():
        _quiet(ray)
        yield ray
        return
    _reach(address or os.environ.get("RAY_ADDRESS") or "")
    try:
        ray.init(address=address, include_dashboard=None, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise RunError(f"Ray cannot be started: {error}", hint=_HINT) from error
    try:
        _quiet(ray)
        yield ray
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Nothing where the head answers; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # `auto`, `local`, or nothing
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"no Ray cluster at {address!r}: {error}", hint=_HINT) from error


def _quiet(ray: Any) -> None:
    """Ray Data shows bars and plans of its own; the command shows progress."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
