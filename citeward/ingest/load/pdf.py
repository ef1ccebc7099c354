"""PDF files, by PDFium: pages parted by form feeds."""

from __future__ import annotations

import re
import threading
import time
from itertools import chain
from typing import Any

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.content import DEFAULTS, Content, Options, too_much_text
from citeward.ingest.load.page_text import joined_words, without_running_lines
from citeward.settings import LimitSettings

_ONE_AT_A_TIME = threading.Lock()
"""PDFium is not made for several threads."""
_WRONG_PASSWORD = 4
_NO_TITLE = re.compile(
    r"(?:untitled|document\d*|microsoft (?:word|powerpoint|excel)\b.*|powerpoint presentation|.*[\\/].*|title"
    r"|.*\.(?:docx?|odt|rtf|tex|dvi|indd|wpd|pptx?|xlsx?|pdf|ps|qxd|pages|fm)\b.*)",
    re.IGNORECASE,
)
"""What programs write for a title where their user gave none."""


def pdf(content: bytes, *, options: Options = DEFAULTS) -> Content:
    """Titled by its metadata, where that is a title and no file's name; `meta["pages"]` is how many there are.

    Lines that head or foot most pages are left out, and words that a line's end parts are joined.

    Raises:
        UnsupportedDocument: Protected by a password, broken, without text, too slow to read, or too much text.
    """
    with _ONE_AT_A_TIME:
        pages, title = _read(content, options.limits)
    lines = without_running_lines([_lines(page) for page in pages])
    if not any(chain.from_iterable(lines)):
        raise UnsupportedDocument("no text; it may be scanned", hint="Put it through text recognition first.")
    text = "\f".join(joined_words(["\n".join(page).strip() for page in lines]))
    return Content(text=text, title=sensible_title(title), meta={"pages": len(pages)})


def sensible_title(title: str) -> str:
    """The title, or nothing where a program made it up."""
    title = title.replace("\0", "").strip()
    return "" if _NO_TITLE.fullmatch(title) or not re.search(r"[^\W\d_]{2}", title) else title


def _read(content: bytes, limits: LimitSettings) -> tuple[list[str], str]:
    """The text of each page, and the metadata's title."""
    import pypdfium2

    try:
        file = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _WRONG_PASSWORD:
            raise UnsupportedDocument("it is protected by a password", hint="Save it without one.") from error
        raise UnsupportedDocument("no PDF, or a broken one", hint="See whether a viewer opens it.") from error
    started = time.monotonic()
    pages: list[str] = []
    left = limits.characters
    try:
        for number in range(len(file)):
            pages.append(_page(file, number, left))
            left -= len(pages[-1]) + 1
            if left < 0:
                raise too_much_text(limits)
            if time.monotonic() - started > limits.seconds:
                raise UnsupportedDocument(
                    f"not read within {limits.seconds:g} s: page {number + 1} of {len(file)} reached",
                    hint="Split it, or save it anew.",
                )
        return pages, str(file.get_metadata_value("Title") or "")
    finally:
        file.close()


def _page(file: Any, number: int, most: int) -> str:
    """A page's text; nothing for one that is broken, so that the others are still read.

    A page of more than `most` characters is cut after the next one.
    """
    import pypdfium2

    try:
        page = file[number]
    except pypdfium2.PdfiumError:
        return ""
    try:
        text = page.get_textpage()
        try:
            return str(text.get_text_range(count=most + 1 if text.count_chars() > most else -1))
        finally:
            text.close()
    except pypdfium2.PdfiumError:
        return ""
    finally:
        page.close()


def _lines(page: str) -> list[str]:
    kept = page.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\xa0", " ")
    kept = re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f\xad\ufeff]", "", kept)
    return [line.rstrip() for line in kept.split("\n") if line.strip()]
