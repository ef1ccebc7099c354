"""What a process and the worker that it talks to over pipes have in common: frames, and how the worker ends."""

from __future__ import annotations

import contextlib
import struct
import subprocess
from typing import IO

_LENGTH = struct.Struct(">I")


def read_frame(stream: IO[bytes], most: int | None = None) -> bytes | None:
    """The next frame; None when the stream has ended, or the frame is longer than `most` bytes."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length: int = _LENGTH.unpack(head)[0]
    if most is not None and length > most:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Write one frame, its length in four bytes (big-endian) first; raises OSError when nobody reads any longer."""
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def end_worker(process: subprocess.Popen[bytes]) -> None:
    """Close the worker's input, which ends it; kill it when it does not heed that."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
