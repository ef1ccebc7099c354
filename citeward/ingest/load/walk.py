"""Finds the files of a folder that may hold documents."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from citeward.errors import NotFound, UnsupportedDocument
from citeward.ingest.load.skipped import Skipped

LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})
"""Folders that hold other people's files; hidden ones are left out as well."""


def files(path: Path, *, base: Path, suffixes: Collection[str]) -> Iterator[Path | Skipped]:
    """The files below a folder (or the one file) in order of their paths, none of them read.

    Files that a `.gitignore` on the way names are passed over, as are hidden ones and other people's packages.

    Args:
        path: A folder, searched whole, or a file.
        base: What ids are relative to.
        suffixes: Of the files that can be read; others in a folder come all the same, for the report to name them.

    Raises:
        NotFound: `path` is not there.
        UnsupportedDocument: `path` is a single file that no loader reads, or a file or folder that cannot be opened.
    """
    if not _is_file(path):
        yield from _walk(path, base, [])
        return
    if path.suffix.lower() not in suffixes:
        raise UnsupportedDocument(
            f"{str(path)!r} cannot be indexed: no loader reads {path.suffix or 'a file without a suffix'}",
            hint=f"Give a file with one of the suffixes {' '.join(sorted(suffixes))}.",
        )
    yield path


def document_id(path: Path, base: Path) -> str:
    """A path's id: relative to `base` where it lies below it, whole otherwise; always with `/`."""
    resolved = path.resolve()
    return resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else resolved.as_posix()


def _is_file(path: Path) -> bool:
    """Whether the path is a file; raises where it is neither that nor a folder, or cannot be opened."""
    try:
        if path.is_file():
            path.open("rb").close()
            return True
        os.scandir(path).close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"no file or folder {str(path)!r}", hint="Check the path.") from error
    except OSError as error:
        raise UnsupportedDocument(
            f"{str(path)!r} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error
    return False


def _walk(folder: Path, base: Path, ignored: list[tuple[Path, GitIgnoreSpec]]) -> Iterator[Path | Skipped]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield _skipped(folder, base, f"the folder cannot be read: {error.strerror}")
        return
    ignored = [*ignored, *_gitignore(folder)]
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name in LEFT_OUT or _is_ignored(path, entry.is_dir(), ignored):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, base, ignored)
        elif entry.is_dir():
            yield _skipped(path, base, "a link to a folder is not followed")
        else:
            yield path


def _gitignore(folder: Path) -> list[tuple[Path, GitIgnoreSpec]]:
    try:
        lines = (folder / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [(folder, GitIgnoreSpec.from_lines(lines))]


def _is_ignored(path: Path, folder: bool, ignored: list[tuple[Path, GitIgnoreSpec]]) -> bool:
    for root, spec in ignored:
        relative = path.relative_to(root).as_posix()
        if spec.match_file(relative + "/" if folder else relative):
            return True
    return False


def _skipped(path: Path, base: Path, reason: str) -> Skipped:
    identity = document_id(path, base)
    return Skipped(id=identity, source=identity, reason=reason)
