"""Reads documents from files: one that cannot be read is skipped with a reason, and never stops the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from citeward.contracts.retrieval import Document
from citeward.errors import UnsupportedDocument
from citeward.ingest.blocks import front_matter
from citeward.ingest.load.access import Rules, readers
from citeward.ingest.load.skipped import Skipped
from citeward.ingest.load.walk import document_id, files

LARGEST = 20_000_000
"""Bytes; a larger file is no document that anybody reads."""
NO_RULES: Rules = MappingProxyType({})

Loader: TypeAlias = Callable[[str, str, str], Document]
"""Makes a document of an id, a source and the file's text."""


def load(
    path: Path, *, base: Path | None = None, access: Rules = NO_RULES, groups: Sequence[str] = ()
) -> Iterator[Document | Skipped]:
    """The documents of a folder (or of one file), in order of their paths, read one at a time.

    A document's id is its file's path relative to `base`, or the whole path where it lies elsewhere, so that two
    indexed folders never claim one id.

    Args:
        path: A folder, searched whole, or a file.
        base: What ids are relative to; the working folder where None.
        access: Glob of document ids -> the groups that may read what it matches.
        groups: Who may read what is loaded now; empty for no restriction.

    Raises:
        NotFound: `path` is not there.
        UnsupportedDocument: `path` is a single file that no loader reads, or a file or folder that cannot be opened.
        SettingsError: A rule of `access` without groups.
    """
    base = (base or Path.cwd()).resolve()
    for item in find(path, base=base):
        if isinstance(item, Skipped):
            yield item
        else:
            yield from read(item, base=base, access=access, groups=groups)


def find(path: Path, *, base: Path) -> Iterator[Path | Skipped]:
    """The files that `load` reads, without reading them; raises as `load` does.

    Files that a `.gitignore` on the way names are passed over, as are hidden ones and other people's packages.
    """
    return files(path, base=base, suffixes=LOADERS.keys())


def read(
    path: Path, *, base: Path, access: Rules = NO_RULES, groups: Sequence[str] = ()
) -> Iterator[Document | Skipped]:
    """The file's documents, one at a time, or why there are none; arguments as for `load`."""
    item = _read(path, base=base)
    if isinstance(item, Document):
        try:
            allowed = readers(item.id, None, access, groups)
        except UnsupportedDocument as error:
            yield Skipped(id=item.id, source=item.source, reason=error.message, keep=False)
            return
        item = Document(id=item.id, text=item.text, source=item.source, title=item.title, groups=allowed)
    yield item


def _read(path: Path, *, base: Path) -> Document | Skipped:
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
