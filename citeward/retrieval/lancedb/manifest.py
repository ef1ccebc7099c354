"""`store.json`: which space of a store's folder is the current one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.errors import StoreError
from citeward.retrieval.lancedb.faults import corrupt
from citeward.retrieval.lancedb.files import write_first, write_whole
from citeward.retrieval.lancedb.space import Space, has_tables, is_space

FORMAT = 2
"""Of the tables and what is in them; raised when another Citeward could not read them, or would read them wrongly."""
_FILE = "store.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an instance must know before it reads."""

    current: Space | None
    """None where nothing was written yet but beside."""
    format: int = FORMAT


def read_manifest(folder: Path) -> Manifest | None:
    """The store's manifest; None for a folder that is not there or empty.

    Raises:
        StoreCorrupt: It is missing beside tables, or garbled.
        StoreError: Another version of Citeward wrote it, in a format that this one does not read.
    """
    path = folder / _FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if _filled(folder):
            raise corrupt(folder, f"{_FILE!r} is missing") from None
        return None
    except UnicodeDecodeError:
        raise corrupt(folder, f"{_FILE!r} is garbled") from None
    try:
        values = json.loads(text)
        _check_format(folder, values["format"])
        current = None if values["current"] is None else Space.parse(values["current"])
    except (ValueError, KeyError, TypeError):
        raise corrupt(folder, f"{_FILE!r} is garbled") from None
    return Manifest(current=current)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into the folder in one step; the folder is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / _FILE, _values(manifest))


def begin_manifest(folder: Path) -> None:
    """A manifest that names no space, unless there is one already."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _FILE).exists():
        write_first(folder / _FILE, _values(Manifest(current=None)))


def _check_format(folder: Path, version: Any) -> None:
    if not isinstance(version, int) or isinstance(version, bool):
        raise TypeError(version)
    if version > FORMAT:
        raise StoreError(
            f"the store {str(folder)!r} has format {version!r}; this Citeward reads {FORMAT!r}", hint="upgrade citeward"
        )
    if version < FORMAT:
        raise StoreError(
            f"the store {str(folder)!r} has the older format {version!r}; this Citeward reads {FORMAT!r}",
            hint="delete the folder and run `citeward index` again",
        )


def _values(manifest: Manifest) -> dict[str, object]:
    space = manifest.current
    current = None if space is None else {"embedder": space.embedder, "dimensions": space.dimensions}
    return {"format": manifest.format, "current": current}


def _filled(folder: Path) -> bool:
    return has_tables(folder) or (folder.is_dir() and any(has_tables(one) for one in folder.iterdir() if is_space(one)))
