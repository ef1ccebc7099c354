"""Text files, reStructuredText and AsciiDoc among them: the text stays as it is, to the letter."""

from __future__ import annotations

import re

from citeward.ingest.load.content import DEFAULTS, Content, Options
from citeward.ingest.load.decode import text_of
from citeward.ingest.load.header import unread
from citeward.ingest.load.preamble import lost_groups

_RULE = re.compile(r"([=\-~^*#+`:.'\"_])\1{2,}[ \t]*")
_LONGEST_TITLE = 1000
"""Characters of a line that is looked at."""


def plain(content: bytes, *, charset: str | None = None, options: Options = DEFAULTS) -> Content:
    """Without a title of its own. Front matter is not read here: a text that seems to name groups in one is barred."""
    text = text_of(content, charset)
    return Content(text=text, barred=unread(lost_groups(text, options.other_keys)))


def restructured(content: bytes, *, options: Options = DEFAULTS) -> Content:
    """Titled by an underlined heading at its beginning."""
    text = text_of(content)
    lines = _first_lines(text)
    if lines and _RULE.fullmatch(lines[0]):
        del lines[0]
    underlined = len(lines) > 1 and lines[0].strip() and _RULE.fullmatch(lines[1])
    return _titled(text, lines[0].strip() if underlined else "", options)


def asciidoc(content: bytes, *, options: Options = DEFAULTS) -> Content:
    """Titled by the `= Title` that it begins with."""
    text = text_of(content)
    lines = _first_lines(text)
    titled = lines and lines[0].lstrip().startswith(("= ", "=\t"))
    return _titled(text, lines[0].strip()[1:].strip() if titled else "", options)


def _titled(text: str, title: str, options: Options) -> Content:
    return Content(text=text, title=title, barred=unread(lost_groups(text, options.other_keys, fields=True)))


def _first_lines(text: str) -> list[str]:
    """The first three lines, from the first that is not blank."""
    return text[:100_000].lstrip()[: 3 * _LONGEST_TITLE].splitlines()[:3]
