"""Small files that are there as a whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_whole(path: Path, values: Mapping[str, object]) -> None:
    """Replace a file by these values as JSON, in one step, also for whoever loses power amid it."""
    with _written(path, values) as temporary:
        temporary.replace(path)
    _settle(path.parent)


def write_first(path: Path, values: Mapping[str, object]) -> None:
    """Likewise, and nothing where the file is there: of two that write at once, the first wins."""
    with _written(path, values) as temporary, suppress(FileExistsError):
        os.link(temporary, path)
    _settle(path.parent)


@contextmanager
def _written(path: Path, values: Mapping[str, object]) -> Iterator[Path]:
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=path.name, suffix=".tmp", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            json.dump(dict(values), file)
            file.flush()
            os.fsync(file.fileno())
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """The folder's entries onto the disk, where the system can do that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
