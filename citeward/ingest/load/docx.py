"""Word documents (DOCX), by mammoth: to HTML, and on as a page."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Any
from xml.etree import ElementTree

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.content import DEFAULTS, Content, Options
from citeward.ingest.load.html import html
from citeward.ingest.load.pdf import sensible_title
from citeward.ingest.load.regular_file import size
from citeward.settings import LimitSettings

MOST_PARTS = 5000
_TEXTS = (".xml", ".rels")
"""Suffixes of the parts that are read; pictures and fonts are never unpacked."""
_DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E")
_LONGEST_PROLOG = 1_000_000
"""Bytes of a part in which a document type is looked for; it stands before the first element."""
_FREE = 5_000_000
"""Bytes that a file of any size may unpack to."""
_LARGEST_PAGE = 100_000_000
"""Bytes of the page that a document becomes."""
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def docx(content: bytes, *, options: Options = DEFAULTS) -> Content:
    """Titled by its properties, where that is a title and no file's name, or its first heading.

    Headings, lists and tables become Markdown; pictures, comments and deleted text are left out.

    Raises:
        UnsupportedDocument: No Word document, broken, protected by a password, too large when unpacked, or no text.
    """
    import mammoth

    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnsupportedDocument("it is protected by a password, or of an older kind", hint="Save it as plain DOCX.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = _unpacked(packed, len(content), options.limits)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise UnsupportedDocument("no Word document, or a broken one", hint="See whether Word opens it.") from error
    with zipfile.ZipFile(unpacked) as parts:
        title = _title(parts)
    unpacked.seek(0)
    page = mammoth.convert_to_html(
        unpacked, convert_image=_no_picture, style_map="p[style-name='Title'] => h1:fresh"
    ).value
    found = html(page.encode(), options=_whole_page(options))
    return Content(text=found.text, title=sensible_title(title) or found.title)


def _no_picture(_: Any) -> list[Any]:
    return []


def _whole_page(options: Options) -> Options:
    """The options for the page that a document becomes, which is not measured as a page from outside."""
    limits = options.limits.model_copy(update={"html_bytes": max(options.limits.html_bytes, _LARGEST_PAGE)})
    return Options(limits=limits, other_keys=options.other_keys)


def _unpacked(packed: zipfile.ZipFile, whole: int, limits: LimitSettings) -> io.BytesIO:
    """An archive of the XML parts only, not compressed: whatever reads it can meet no other part, and none larger.

    Raises:
        UnsupportedDocument: A part is too large, by what the archive declares or in fact, or declares entities.
    """
    entries = packed.infolist()
    texts = {entry.filename: entry for entry in entries if entry.filename.lower().endswith(_TEXTS)}
    total = sum(entry.file_size for entry in texts.values())
    largest = max((entry.file_size for entry in texts.values()), default=0)
    if len(entries) > MOST_PARTS or largest > limits.part_bytes or total > limits.unpacked_bytes:
        raise UnsupportedDocument("too large when unpacked", hint="Split it.")
    if total > max(_FREE, limits.expansion * whole):
        raise UnsupportedDocument(
            f"it unpacks to {size(total)}, more than {limits.expansion} times its size",
            hint="Raise index.limits.expansion, if the file is what it seems.",
        )
    unpacked = io.BytesIO()
    with zipfile.ZipFile(unpacked, "w") as parts:
        for name, entry in texts.items():
            content = packed.read(entry)  # no more than the archive declares, and its checksum is that of all of it
            if _DOCTYPE.search(content, 0, _LONGEST_PROLOG):
                raise UnsupportedDocument("its XML declares entities", hint="Save it anew in a word processor.")
            parts.writestr(name, content)
    unpacked.seek(0)
    return unpacked


def _title(parts: zipfile.ZipFile) -> str:
    try:
        root = ElementTree.fromstring(parts.read("docProps/core.xml"))
    except (KeyError, ElementTree.ParseError, RuntimeError, zipfile.BadZipFile, OSError, EOFError):
        return ""
    return (root.findtext(_TITLE) or "").strip()
