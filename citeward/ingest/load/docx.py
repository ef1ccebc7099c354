"""Word documents (DOCX), by mammoth: to HTML, and on as a page."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.etree import ElementTree

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.content import Content
from citeward.ingest.load.html import html
from citeward.ingest.load.pdf import sensible_title

LARGEST_PART = 20_000_000
"""Bytes of XML that one part of a document may unpack to."""
LARGEST_WHOLE = 100_000_000
"""Bytes of XML in all; pictures are never unpacked."""
MOST_PARTS = 5000
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def docx(content: bytes) -> Content:
    """Titled by its properties, where that is a title and no file's name, or its first heading.

    Headings, lists and tables become Markdown; pictures, comments and deleted text are left out.

    Raises:
        UnsupportedDocument: No Word document, broken, protected by a password, too large when unpacked, or no text.
    """
    import mammoth

    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnsupportedDocument("it is protected by a password, or of an older kind", hint="Save it as plain DOCX.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _check_sizes(parts)
            title = _title(parts)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise UnsupportedDocument("no Word document, or a broken one", hint="See whether Word opens it.") from error
    page = mammoth.convert_to_html(
        io.BytesIO(content), convert_image=_no_picture, style_map="p[style-name='Title'] => h1:fresh"
    ).value
    found = html(page.encode())
    return Content(text=found.text, title=sensible_title(title) or found.title)


def _no_picture(_: Any) -> list[Any]:
    return []


def _check_sizes(parts: zipfile.ZipFile) -> None:
    """By what the archive declares, which zipfile never reads past."""
    entries = parts.infolist()
    texts = [entry for entry in entries if entry.filename.lower().endswith((".xml", ".rels"))]
    largest = max((entry.file_size for entry in texts), default=0)
    if len(entries) > MOST_PARTS or largest > LARGEST_PART or sum(entry.file_size for entry in texts) > LARGEST_WHOLE:
        raise UnsupportedDocument("too large when unpacked", hint="Split it.")


def _title(parts: zipfile.ZipFile) -> str:
    try:
        root = ElementTree.fromstring(parts.read("docProps/core.xml"))
    except (KeyError, ElementTree.ParseError, RuntimeError, zipfile.BadZipFile, OSError, EOFError):
        return ""
    return (root.findtext(_TITLE) or "").strip()
