"""Text files, reStructuredText and AsciiDoc among them: the text stays as it is, to the letter."""

from __future__ import annotations

import re

from citeward.ingest.load.content import Content
from citeward.ingest.load.decode import text_of

_UNDERLINED = re.compile(
    r"\A\s*(?:(?P<over>[=\-~^*#+`:.'\"_])(?P=over){2,}[ \t]*\n)?[ \t]*(?P<title>\S.*?)[ \t]*\n"
    r"(?P<under>[=\-~^*#+`:.'\"_])(?P=under){2,}[ \t]*(?:\n|\Z)"
)
_ASCIIDOC = re.compile(r"\A\s*=[ \t]+(?P<title>\S.*?)[ \t]*(?:\n|\Z)")


def plain(content: bytes, *, charset: str | None = None) -> Content:
    """Without a title of its own."""
    return Content(text=text_of(content, charset))


def restructured(content: bytes) -> Content:
    """Titled by an underlined heading at its beginning."""
    return _titled(text_of(content), _UNDERLINED)


def asciidoc(content: bytes) -> Content:
    """Titled by the `= Title` that it begins with."""
    return _titled(text_of(content), _ASCIIDOC)


def _titled(text: str, heading: re.Pattern[str]) -> Content:
    found = heading.match(text[:2000].replace("\r\n", "\n"))
    return Content(text=text, title=found["title"] if found else "")
