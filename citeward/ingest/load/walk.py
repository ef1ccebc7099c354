"""Finds the files of a folder that may hold documents."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from citeward.errors import NotFound, UnsupportedDocument
from citeward.ingest.load.regular_file import open_regular, read_at_most
from citeward.ingest.load.skipped import Skipped

LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})
"""Folders that hold other people's files; hidden ones are left out as well."""
LARGEST_GITIGNORE = 1_000_000
"""Bytes."""
MOST_WILDCARDS = 4
"""In one part of a pattern; matching takes time that is exponential in them."""


def files(
    path: Path, *, base: Path, suffixes: Collection[str], outside_links: bool = False
) -> Iterator[Path | Skipped]:
    """The files below a folder (or the one file) in order of their paths, none of them read.

    Files that a `.gitignore` on the way names are passed over, as are hidden ones and other people's packages. A link
    to a file in the same folder stands for that file. A link that leads out of the folder, to a folder or to nothing
    is skipped.

    Args:
        path: A folder, searched whole, or a file. It may be a link itself.
        base: What ids are relative to.
        suffixes: Of the files that can be read; others in a folder come all the same, for the report to name them.
        outside_links: Bring links to files outside the folder, each under the link's own path.

    Raises:
        NotFound: `path` is not there.
        UnsupportedDocument: `path` is a single file that no loader reads, or a file or folder that cannot be opened.
    """
    if not _is_file(path):
        yield from _Walk(root=path, base=base, outside_links=outside_links).files()
        return
    if path.suffix.lower() not in suffixes:
        raise UnsupportedDocument(
            f"{str(path)!r} cannot be indexed: no loader reads {path.suffix or 'a file without a suffix'}",
            hint=f"Give a file with one of the suffixes {' '.join(sorted(suffixes))}.",
        )
    yield Path(os.path.realpath(path)) if path.is_symlink() else path


def document_id(path: Path, base: Path) -> str:
    """A path's id, links followed: relative to `base` where it lies below it, whole otherwise; always with `/`."""
    return _relative(Path(os.path.realpath(path)), base)


def entry_id(path: Path, base: Path) -> str:
    """The id of what stands at a path, be it a link: only the folders around it are resolved."""
    return _relative(Path(os.path.realpath(path.parent)) / path.name, base)


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()


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


@dataclass(frozen=True, kw_only=True)
class _Ignoring:
    """The `.gitignore` of a folder."""

    folder: Path
    spec: GitIgnoreSpec


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """One search of a folder."""

    root: Path
    base: Path
    outside_links: bool

    def files(self) -> Iterator[Path | Skipped]:
        """What the folder holds, folder by folder; without recursion, as folders may be nested to any depth."""
        ignored: list[_Ignoring] = []
        open_folders = [self._entries(self.root, ignored)]
        while open_folders:
            item = next(open_folders[-1], None)
            if item is None:
                open_folders.pop()
            elif isinstance(item, _Folder):
                open_folders.append(self._entries(item.path, item.ignored))
            else:
                yield item

    def _entries(self, folder: Path, ignored: list[_Ignoring]) -> Iterator[Path | Skipped | _Folder]:
        try:
            with os.scandir(folder) as found:
                entries = [
                    _Entry(path=Path(entry.path), link=entry.is_symlink(), folder=entry.is_dir(follow_symlinks=False))
                    for entry in sorted(found, key=lambda entry: entry.name)
                    if not entry.name.startswith(".") and entry.name not in LEFT_OUT
                ]
            ignored = [*ignored, *_gitignore(folder)]
        except OSError as error:
            yield self._skipped(folder, f"the folder cannot be read: {error.strerror}")
            return
        except UnsupportedDocument as error:
            yield self._skipped(folder, error.message)
            return
        for entry in entries:
            if _is_ignored(entry.path, entry.folder, ignored):
                continue
            if entry.link:
                yield from self._linked(entry.path, ignored)
            elif entry.folder:
                yield _Folder(path=entry.path, ignored=ignored)
            else:
                yield entry.path

    def _linked(self, link: Path, ignored: list[_Ignoring]) -> Iterator[Path | Skipped]:
        """The file that a link leads to; the document that stood in the link's place before is gone in any case."""
        try:
            target = Path(os.path.realpath(link, strict=True))
            is_folder = target.is_dir()
        except OSError as error:
            yield self._skipped(link, f"a link that leads nowhere: {error.strerror}", keep=False)
            return
        if is_folder:
            # The folder of a pattern such as `build/` is passed over in silence, be it a link.
            if not _is_ignored(link, True, ignored):
                yield self._skipped(link, "a link to a folder is not followed", keep=False)
            return
        real_root = Path(os.path.realpath(self.root))
        if target.is_relative_to(real_root):
            yield self.root / target.relative_to(real_root)
        elif self.outside_links:
            yield link
        else:
            yield self._skipped(link, "a link that leads out of the folder is not followed", keep=False)

    def _skipped(self, path: Path, reason: str, *, keep: bool = True) -> Skipped:
        identity = entry_id(path, self.base)
        return Skipped(id=identity, source=identity, reason=reason, keep=keep)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a folder holds under one name."""

    path: Path
    link: bool
    folder: bool


@dataclass(frozen=True, kw_only=True)
class _Folder:
    """A folder to be searched."""

    path: Path
    ignored: list[_Ignoring]


def _gitignore(folder: Path) -> list[_Ignoring]:
    """The folder's `.gitignore`.

    Raises:
        UnsupportedDocument: It cannot be read. What it keeps out is not known then, so nothing may be indexed.
    """
    path = folder / ".gitignore"
    try:
        with open_regular(path, follow_links=True) as file:
            lines = read_at_most(file, LARGEST_GITIGNORE).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnsupportedDocument) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise UnsupportedDocument(
            f"the folder is left out, as its .gitignore cannot be read: {reason}", hint="Mend the file, or delete it."
        ) from error
    return [_Ignoring(folder=folder, spec=GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line)))]


def _is_pattern(line: str) -> bool:
    """Whether the line can be used; git passes over one that is malformed.

    Raises:
        UnsupportedDocument: Matching it would take too long.
    """
    parts = [] if line.startswith("#") else line.strip().split("/")
    if parts.count("**") > MOST_WILDCARDS or any(len(re.findall(r"\*+", part)) > MOST_WILDCARDS for part in parts):
        raise UnsupportedDocument(
            f"the folder is left out, as its .gitignore has too many wildcards in {line[:80]!r}",
            hint=f"Use at most {MOST_WILDCARDS} in one pattern.",
        )
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _is_ignored(path: Path, folder: bool, ignored: list[_Ignoring]) -> bool:
    for one in ignored:
        relative = path.relative_to(one.folder).as_posix()
        if one.spec.match_file(relative + "/" if folder else relative):
            return True
    return False
