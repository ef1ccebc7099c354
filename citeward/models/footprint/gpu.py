"""NVIDIA's GPUs, as `nvidia-smi` tells of them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from citeward.errors import BadResponse, ModelUnavailable

TIMEOUT = 10.0
"""Seconds that nvidia-smi has; it is slow where the driver has to be woken."""
_FIELDS = ("index", "name", "memory.total", "memory.used", "memory.free", "utilization.gpu")
_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One device, or one that a driver shows as such."""

    index: int
    name: str
    memory: int
    """Bytes in all."""
    used: int
    free: int
    busy: float | None
    """Share of the last second in which it computed, 0..1; None where the driver does not say (as under MIG)."""


def read_gpus(command: str = "nvidia-smi") -> tuple[Gpu, ...]:
    """The machine's GPUs; none where there is no driver.

    Args:
        command: The program to ask.

    Raises:
        ModelUnavailable: The driver is there and does not work, or not in time.
        BadResponse: The program tells something else than it was asked for.
    """
    query = [command, f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (FileNotFoundError, PermissionError):
        return ()
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailable(
            f"{command!r} did not answer within {TIMEOUT:g} seconds", hint="See whether the driver hangs (`dmesg`)."
        ) from error
    except OSError as error:
        raise ModelUnavailable(f"{command!r} cannot be run: {error}", hint="Reinstall the driver.") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:200]
        raise ModelUnavailable(f"{command!r} failed: {said}", hint="Is the GPU's driver loaded, and of one version?")
    return tuple(_gpu(line) for line in done.stdout.splitlines() if line.strip())


def _gpu(line: str) -> Gpu:
    try:
        # A name may have a comma in it; nothing else may.
        index, *name, total, used, free, busy = (part.strip() for part in line.split(","))
        return Gpu(
            index=int(index),
            name=", ".join(name),
            memory=int(total) * _MIB,
            used=int(used) * _MIB,
            free=int(free) * _MIB,
            busy=int(busy) / 100 if busy.isdigit() else None,
        )
    except ValueError as error:
        raise BadResponse(
            f"nvidia-smi told of a GPU as {line!r}", hint=f"Its driver may be too old to tell {', '.join(_FIELDS)}."
        ) from error
