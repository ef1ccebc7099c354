"""Reads documents from files: one that cannot be read is skipped with a reason, and never stops the rest."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from citeward.contracts.retrieval import Document
from citeward.errors import SettingsError, UnsupportedDocument
from citeward.ingest.load.access import Rules
from citeward.ingest.load.content import Access, Parser, document, whole_characters
from citeward.ingest.load.docx import docx
from citeward.ingest.load.html import html
from citeward.ingest.load.jsonl import jsonl
from citeward.ingest.load.markdown import markdown
from citeward.ingest.load.pdf import pdf
from citeward.ingest.load.plain import asciidoc, plain, restructured
from citeward.ingest.load.skipped import Skipped
from citeward.ingest.load.walk import document_id, files
from citeward.ingest.load.web import web

LARGEST = 20_000_000
"""Bytes of a text file or a page; a larger one is no document that anybody reads."""
LARGEST_PRINTED = 200_000_000
"""Bytes of a PDF or DOCX file, most of which are pictures."""
NO_RULES: Rules = MappingProxyType({})

Loader: TypeAlias = Callable[[Path, str, Access], Iterator[Document | Skipped]]
"""Brings the documents of a file, given its path, its id, and what is said of who may read them."""


def load(
    path: Path, *, base: Path | None = None, access: Rules = NO_RULES, groups: Sequence[str] = ()
) -> Iterator[Document | Skipped]:
    """The documents of a folder (or of one file), in order of their paths, read one at a time.

    A document's id is its file's path relative to `base`, or the whole path where it lies elsewhere, so that two
    indexed folders never claim one id; where a file holds several, each one's own name follows the file's id.

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
    """The file's documents, one at a time, or why there are none; arguments as for `load`.

    Raises:
        SettingsError: A rule of `access` without groups; nothing else, whatever the file holds.
    """
    identity = document_id(path, base)
    if (known := whole_characters(identity)) != identity:
        yield Skipped(id=known, source=known, reason="its name is not UTF-8")
        return
    try:
        yield from _loader(path)(path, identity, Access(rules=access, run=groups))
    except SettingsError:
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
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnsupportedDocument("not a regular file", hint="Copy what it gives to a file.")
    return loader


def _whole(parse: Parser, largest: int = LARGEST) -> Loader:
    """A loader of files that hold one document each."""

    def loader(path: Path, identity: str, access: Access) -> Iterator[Document | Skipped]:
        with path.open("rb") as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise UnsupportedDocument(f"larger than {largest // 1_000_000} MB", hint="Split it.")
        yield document(identity, identity, parse(content), access)

    return loader


LOADERS: Mapping[str, Loader] = {
    **dict.fromkeys((".md", ".markdown", ".mdx"), _whole(markdown)),
    ".txt": _whole(plain),
    ".rst": _whole(restructured),
    **dict.fromkeys((".adoc", ".asciidoc"), _whole(asciidoc)),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _whole(html)),
    ".pdf": _whole(pdf, LARGEST_PRINTED),
    ".docx": _whole(docx, LARGEST_PRINTED),
    ".jsonl": jsonl,
    ".urls": web,
}
"""What brings the documents of a file, by the file's suffix."""
