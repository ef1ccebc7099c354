"""The project that every installation brings, and how it is copied."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from citeward.errors import InvalidInput, NotFound
from citeward.project.declared import FILE

FOLDERS = ("agents", "tools", "graphs", "prompts", "evals")
"""What a team edits."""
_LEAVE = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def starter() -> Path:
    """The folder that holds the starter project: inside the wheel, or the repository's root in a checkout."""
    package = Path(str(files("citeward")))
    for folder in (package / "starter", package.parent):
        if (folder / FILE).is_file():
            return folder
    raise NotFound(
        "the starter project is not installed", hint="Reinstall citeward: its wheel carries citeward/starter."
    )


def init_project(target: Path) -> list[Path]:
    """Copy the starter project, with the guide as its documents, into `target`.

    Returns:
        What was written, relative to `target`.

    Raises:
        InvalidInput: `target` is a file, or has any of the project's files already; nothing is written then.
    """
    source = starter()
    names = [FILE, "langgraph.json", *FOLDERS, "docs"]
    if target.exists() and not target.is_dir():
        raise InvalidInput(f"{str(target)!r} is a file", hint="Name a folder.")
    if taken := [name for name in names if (target / name).exists()]:
        raise InvalidInput(f"{str(target / taken[0])!r} is there already", hint="Name an empty folder.")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            if (source / name).is_dir():
                shutil.copytree(source / name, target / name, ignore=_LEAVE)
            else:
                shutil.copy2(source / name, target / name)
    except OSError as error:
        raise InvalidInput(
            f"{str(target)!r} cannot be written: {error.strerror or error}", hint="Name a folder that you may write."
        ) from error
    return [Path(name) for name in names]
