"""Reads documents from files: one that cannot be read is skipped with a reason, and never stops the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypeAlias

from citeward.contracts.retrieval import Document
from citeward.errors import RunError, SettingsError, UnsupportedDocument
from citeward.ingest.load.access import Rules
from citeward.ingest.load.content import Access, Parser, Reading, check_length, document, whole_characters
from citeward.ingest.load.jsonl import jsonl
from citeward.ingest.load.markdown import markdown
from citeward.ingest.load.parser_process import Kind, parser_process
from citeward.ingest.load.plain import asciidoc, plain, restructured
from citeward.ingest.load.regular_file import open_regular, parts_at_most, read_at_most, too_large
from citeward.ingest.load.skipped import Skipped
from citeward.ingest.load.walk import entry_id, files
from citeward.ingest.load.web import web
from citeward.settings import IndexSettings

DEFAULTS = IndexSettings()
LARGEST = DEFAULTS.limits.text_bytes
"""Bytes of a text file or a page, by default; a larger one is no document that anybody reads."""
NO_RULES: Rules = MappingProxyType({})

Loader: TypeAlias = Callable[[BinaryIO, str, Reading], Iterator[Document | Skipped]]
"""Brings the documents of a file, given the open file, its id, and how it is read."""


def load(
    path: Path,
    *,
    base: Path | None = None,
    access: Rules = NO_RULES,
    groups: Sequence[str] = (),
    settings: IndexSettings = DEFAULTS,
) -> Iterator[Document | Skipped]:
    """The documents of a folder (or of one file), in order of their paths, read one at a time.

    A document's id is its file's path relative to `base`, or the whole path where it lies elsewhere, so that two
    indexed folders never claim one id; where a file holds several, each one's own name follows the file's id.

    Args:
        path: A folder, searched whole, or a file.
        base: What ids are relative to; the working folder where None.
        access: Glob of document ids -> the groups that may read what it matches.
        groups: Who may read what is loaded now; empty for no restriction.
        settings: Limits of a file, which links are followed, which pages are fetched. How documents are cut, and the
            groups in it, are not looked at.

    Raises:
        NotFound: `path` is not there.
        UnsupportedDocument: `path` is a single file that no loader reads, or a file or folder that cannot be opened.
        SettingsError: A rule of `access` without groups.
        RunError: The process that parses files cannot be started.
    """
    base = Path(os.path.realpath(base or Path.cwd()))
    for item in find(path, base=base, settings=settings):
        if isinstance(item, Skipped):
            yield item
        else:
            yield from read(item, base=base, access=access, groups=groups, settings=settings, within=[path])


def find(path: Path, *, base: Path, settings: IndexSettings = DEFAULTS) -> Iterator[Path | Skipped]:
    """The files that `load` reads, without reading them; raises as `load` does.

    Files that a `.gitignore` on the way names are passed over, as are hidden ones and other people's packages. A link
    that leads out of the folder is skipped, unless the settings allow it.
    """
    return files(path, base=base, suffixes=LOADERS.keys(), outside_links=settings.outside_links)


def read(
    path: Path,
    *,
    base: Path,
    access: Rules = NO_RULES,
    groups: Sequence[str] = (),
    settings: IndexSettings = DEFAULTS,
    within: Sequence[Path] = (),
) -> Iterator[Document | Skipped]:
    """The file's documents, one at a time, or why there are none; other arguments as for `load`.

    Args:
        path: The file; a link is not followed, unless the settings allow links out of the folder.
        base: What ids are relative to.
        access: Glob of document ids -> the groups that may read what it matches.
        groups: Who may read what is loaded now.
        settings: As for `load`.
        within: The folders that were searched, as `find` was given them: below them no folder is entered through a
            link, so that a folder that was replaced since is not read.

    Raises:
        SettingsError: A rule of `access` without groups.
        RunError: The process that parses files cannot be started. Nothing else is raised, whatever the file holds.
    """
    identity = entry_id(path, base)
    if (known := whole_characters(identity)) != identity:
        yield Skipped(id=known, source=known, reason="its name is not UTF-8")
        return
    reading = Reading(access=Access(rules=access, run=groups), settings=settings)
    try:
        loader = _loader(path)
        with open_regular(path, within=within, follow_links=settings.outside_links) as file:
            yield from loader(file, identity, reading)
    except (SettingsError, RunError):
        raise
    except UnsupportedDocument as error:
        yield Skipped(id=identity, source=identity, reason=error.message)
    except OSError as error:
        yield Skipped(id=identity, source=identity, reason=f"cannot be read: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - parsers raise anything; one broken file never stops the rest
        yield Skipped(id=identity, source=identity, reason=f"cannot be parsed: {error!r:.200}")


def _loader(path: Path) -> Loader:
    loader = LOADERS.get(path.suffix.lower())
    if loader is None:
        found = path.suffix or "a file without a suffix"
        raise UnsupportedDocument(f"no loader reads {found}", hint="Convert it to text, HTML or PDF.")
    return loader


def _text(parse: Parser) -> Loader:
    """A loader of text files that hold one document each, and take time and memory in proportion to their size."""

    def loader(file: BinaryIO, identity: str, reading: Reading) -> Iterator[Document | Skipped]:
        limits = reading.settings.limits
        content = parse(read_at_most(file, limits.text_bytes), options=reading.options)
        yield document(identity, identity, check_length(content, limits), reading.access)

    return loader


def _apart(kind: Kind) -> Loader:
    """A loader of files that are parsed in a process of their own."""

    def loader(file: BinaryIO, identity: str, reading: Reading) -> Iterator[Document | Skipped]:
        limits = reading.settings.limits
        most = limits.html_bytes if kind == "html" else limits.file_bytes
        if os.fstat(file.fileno()).st_size > most:
            raise too_large(most)
        content = parser_process().parse(kind, parts_at_most(file, most), options=reading.options)
        yield document(identity, identity, content, reading.access)

    return loader


LOADERS: Mapping[str, Loader] = {
    **dict.fromkeys((".md", ".markdown", ".mdx"), _text(markdown)),
    ".txt": _text(plain),
    ".rst": _text(restructured),
    **dict.fromkeys((".adoc", ".asciidoc"), _text(asciidoc)),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _apart("html")),
    ".pdf": _apart("pdf"),
    ".docx": _apart("docx"),
    ".jsonl": jsonl,
    ".urls": web,
}
"""What brings the documents of a file, by the file's suffix."""
