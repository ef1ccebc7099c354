"""Opens a file that an indexed folder holds: a regular one, in that folder, whatever was put in its place meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from citeward.errors import UnsupportedDocument

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting: a pipe that took the file's place would keep the run for ever."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd
PART = 1 << 20
"""Bytes that are read at once."""


@contextmanager
def open_regular(path: Path, *, within: Sequence[Path] = (), follow_links: bool = False) -> Iterator[BinaryIO]:
    """The file, opened for reading.

    Each folder from the root to the file is opened from the one before, and none of them through a link. So a file or
    folder that was replaced by a link after the folder was searched is not read.

    Args:
        path: The file.
        within: Folders that were searched; the path is below one of them. Where it is below none, only the file
            itself must not be a link.
        follow_links: Open what links lead to as well.

    Raises:
        UnsupportedDocument: A link, or not a regular file.
        OSError: It cannot be opened.
    """
    opened = os.open(path, _checked(path, None, _FILE)) if follow_links else _descend(path, within)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise _not_regular()
        yield file


def read_at_most(file: BinaryIO, most: int) -> bytes:
    """The whole file.

    Raises:
        UnsupportedDocument: It has more bytes, also where it grows while it is read.
    """
    content = file.read(most + 1)
    if len(content) > most:
        raise too_large(most)
    return content


def parts_at_most(file: BinaryIO, most: int) -> Iterator[bytes]:
    """The file in parts; raises as `read_at_most`."""
    total = 0
    while part := file.read(PART):
        total += len(part)
        if total > most:
            raise too_large(most)
        yield part


def too_large(most: int) -> UnsupportedDocument:
    """The error for what has more than `most` bytes."""
    return UnsupportedDocument(f"larger than {size(most)}", hint="Split it, or raise the limit in [index.limits].")


def size(count: int) -> str:
    """Bytes for people to read.

    >>> size(20_000_000)
    '20 MB'
    """
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} bytes"


def _descend(path: Path, within: Sequence[Path]) -> int:
    """A descriptor of the file, reached from the root without following a link."""
    root = next((folder for folder in within if path != folder and path.is_relative_to(folder)), path.parent)
    *folders, name = path.relative_to(root).parts
    if not _BY_DESCRIPTOR:
        return _open_by_name(path, root)
    try:
        at = os.open(root, _FOLDER)
        try:
            for folder in folders:
                below = os.open(folder, _FOLDER | _NO_LINK, dir_fd=at)
                os.close(at)
                at = below
            return os.open(name, _checked(name, at, _FILE | _NO_LINK), dir_fd=at)
        finally:
            os.close(at)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR):  # how systems refuse a link
            raise _link() from error
        raise


def _open_by_name(path: Path, root: Path) -> int:  # pragma: no cover - Windows
    opened = os.open(path, _checked(path, None, _FILE))
    if path.is_symlink() or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        os.close(opened)
        raise _link()
    return opened


def _checked(name: str | Path, folder: int | None, flags: int) -> int:
    """The flags, where the name is that of a regular file: opening a device may already do something."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=not flags & _NO_LINK or not _NO_LINK).st_mode
    if stat.S_ISLNK(mode):
        raise _link()
    if not stat.S_ISREG(mode):
        raise _not_regular()
    return flags


def _link() -> UnsupportedDocument:
    return UnsupportedDocument("a link is not followed there", hint="Index the file that it leads to.")


def _not_regular() -> UnsupportedDocument:
    return UnsupportedDocument("not a regular file", hint="Copy what it gives to a file.")
