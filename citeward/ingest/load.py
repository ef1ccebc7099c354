"""Reads documents from files: one that cannot be read is skipped with a reason, and never stops the rest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pathspec import GitIgnoreSpec

from citeward.contracts.retrieval import Document
from citeward.errors import NotFound, UnsupportedDocument
from citeward.ingest.blocks import front_matter

LARGEST = 20_000_000
"""Bytes; a larger file is no document that anybody reads."""
LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})
"""Folders that hold other people's files; hidden ones are left out as well."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file that is not indexed, and why."""

    id: str
    source: str
    reason: str


Loader: TypeAlias = Callable[[str, str, str], Document]
"""Makes a document of an id, a source and the file's text."""


def load(path: Path, *, base: Path | None = None) -> Iterator[Document | Skipped]:
    """The documents of a folder (or the one of a file), in order of their paths, read one at a time.

    A document's id is its path relative to `base`, or its whole path where it lies elsewhere, so that two indexed
    folders never claim one id.

    Args:
        path: A folder, searched whole, or a file.
        base: What ids are relative to; the working folder where None.

    Raises:
        NotFound: `path` is not there.
        UnsupportedDocument: `path` is a single file that cannot be indexed, or a folder that cannot be read.
    """
    base = (base or Path.cwd()).resolve()
    for item in find(path, base=base):
        yield item if isinstance(item, Skipped) else read(item, base=base)


def find(path: Path, *, base: Path) -> Iterator[Path | Skipped]:
    """The files that `load` reads, without reading them; raises as `load` does.

    Files that a `.gitignore` on the way names are passed over, as are hidden ones and other people's packages.
    """
    if _is_file(path):
        loaded = read(path, base=base)
        if isinstance(loaded, Skipped):
            raise UnsupportedDocument(
                f"{str(path)!r} cannot be indexed: {loaded.reason}",
                hint=f"Give a text file with one of the suffixes {' '.join(LOADERS)}.",
            )
        yield path
        return
    yield from _walk(path, base, [])


def _is_file(path: Path) -> bool:
    """Whether the path is a file; raises where it is neither that nor a folder that can be read."""
    try:
        if path.is_file():
            return True
        os.scandir(path).close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"no file or folder {str(path)!r}", hint="Check the path.") from error
    except OSError as error:
        raise UnsupportedDocument(
            f"the folder {str(path)!r} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error
    return False


def document_id(path: Path, base: Path) -> str:
    """A path's id: relative to `base` where it lies below it, whole otherwise; always with `/`."""
    resolved = path.resolve()
    return resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else resolved.as_posix()


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


def read(path: Path, *, base: Path) -> Document | Skipped:
    """The file as a document, or why it is none."""
    loader = LOADERS.get(path.suffix.lower())
    if loader is None:
        return _skipped(path, base, f"no loader reads {path.suffix or 'a file without a suffix'}")
    try:
        if path.stat().st_size > LARGEST:
            return _skipped(path, base, f"larger than {LARGEST // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        return _skipped(path, base, f"cannot be read: {error.strerror or error}")
    if b"\0" in content:
        return _skipped(path, base, "binary data")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _skipped(path, base, f"not UTF-8: byte {error.object[error.start]:#04x} at {error.start}")
    if not text.strip():
        return _skipped(path, base, "empty")
    identity = document_id(path, base)
    return loader(identity, identity, text)


def _skipped(path: Path, base: Path, reason: str) -> Skipped:
    identity = document_id(path, base)
    return Skipped(id=identity, source=identity, reason=reason)


_TITLE = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*\r?$", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*\r?$", re.MULTILINE)


def _markdown(identity: str, source: str, text: str) -> Document:
    """Titled by its front matter, or its first heading, or its file's name."""
    head = front_matter(text)
    found = _TITLE.search(text, 0, head.end)
    title = found[2] if found else None
    if title is None:
        heading = _HEADING.search(text, head.end)
        title = heading[1] if heading else Path(source).stem
    return Document(id=identity, text=text, source=source, title=title)


def _plain(identity: str, source: str, text: str) -> Document:
    """Titled by its file's name."""
    return Document(id=identity, text=text, source=source, title=Path(source).stem)


LOADERS: Mapping[str, Loader] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".mdx": _markdown,
    ".txt": _plain,
    ".rst": _plain,
}
"""What makes a document of a file, by the file's suffix."""
