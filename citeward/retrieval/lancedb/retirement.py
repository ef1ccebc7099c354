"""Deleting the spaces that no longer serve."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from citeward.retrieval.lancedb.manifest import read_manifest
from citeward.retrieval.lancedb.space import is_space, noted

_PREFIX = "retired-"


def retire_spaces(folder: Path) -> list[str]:
    """Delete every space but the current one; returns their embedders' names, sorted.

    A space is renamed before it is deleted, so that nobody ever opens half of one; what a process that was killed
    left behind goes too.
    """
    names = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if is_space(path) and path.name != _current(folder):
            away = folder / f"{_PREFIX}{uuid4().hex}"
            path.rename(away)
            if path.name == _current(folder):  # promoted at the same moment
                away.rename(path)
            else:
                names.append(noted(away))
                shutil.rmtree(away, ignore_errors=True)
        elif path.name.startswith(_PREFIX):
            shutil.rmtree(path, ignore_errors=True)
    return sorted(name for name in names if name is not None)


def _current(folder: Path) -> str | None:
    manifest = read_manifest(folder)
    return manifest.current.folder if manifest is not None and manifest.current is not None else None
