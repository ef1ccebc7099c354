"""A file that is made once and kept in the user's cache folder, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

DIGEST = hashlib.sha256().digest_size
UNFINISHED = ".unfinished"
STALE = 3600.0
"""Seconds after which an unfinished file's maker is taken for dead: it takes one second to make."""


def cache_folder() -> Path:
    """Where this platform keeps a user's caches, and `citeward` in it; nothing is made or looked up on disk.

    Raises:
        OSError: The user has no home folder.
    """
    # A relative XDG_CACHE_HOME is invalid and to be ignored (XDG Base Directory Specification).
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        return Path(named, "citeward")
    try:
        home = Path.home()
    except RuntimeError as error:
        raise FileNotFoundError("the user has no home folder") from error
    return home.joinpath(*(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "citeward")


def keep(path: Path, make: Callable[[], bytes]) -> bytes:
    """What `make` gave the first time, from `path` if it is there and whole.

    The file begins with the sha256 of what follows, so one that was cut short or altered is made anew. It is
    written beside its final name, flushed to the disk and renamed: at every moment the name stands for nothing or
    for a whole file. Processes that start at once each make it, and the last rename wins; what a killed one left
    behind is removed by a later call, an hour on.

    Raises:
        OSError: The folder cannot be made or written. `make` has not been called if no file could be opened.
    """
    _sweep(path.parent)
    kept = _whole(path)
    if kept is not None:
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=UNFINISHED, dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            content = make()
            file.write(hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return content


def _whole(path: Path) -> bytes | None:
    """The content after its digest, or None where there is no file or the digest is not its own."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    content = stored[DIGEST:]
    return content if hashlib.sha256(content).digest() == stored[:DIGEST] else None


def _sweep(folder: Path) -> None:
    """Remove what killed makers left. A file that goes or cannot go meanwhile is another's business."""
    with contextlib.suppress(OSError):
        for stray in folder.glob(f"*{UNFINISHED}"):
            with contextlib.suppress(OSError):
                if time.time() - stray.stat().st_mtime > STALE:
                    stray.unlink()
