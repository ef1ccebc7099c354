"""Characters written as escapes: of URLs, HTML, and the string literals of programs and JSON."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

LONGEST = 32
"""Characters of the longest escape that is read."""

_HEX = "[0-9A-Fa-f]"
# `%2540` and `&amp;#64;` were escaped twice.
ESCAPE = re.compile(
    rf"""
      %(?:25){{0,2}}(?:{_HEX}{{2}} | u{_HEX}{{4}})
    | &(?:amp;){{0,2}}(?:\#\d{{1,7}};? | \#[xX]{_HEX}{{1,6}};? | [A-Za-z]{{2,8}};)
    | \\{{1,2}}(?:u{_HEX}{{4}} | U{_HEX}{{8}} | x{_HEX}{{2}} | [ux]\{{{_HEX}{{1,6}}\}} | [0-3][0-7]{{2}})
    """,
    re.VERBOSE,
)
"""One escape; a character beyond ASCII takes several in a URL."""
_BEGUN = re.compile(
    rf"""
    (?: %(?:2(?:5(?:25?)?)?)?(?:{_HEX} | u{_HEX}{{0,3}})?
      | &(?:a(?:m(?:p(?:;(?:a(?:m(?:p;?)?)?)?)?)?)?)?(?:\#(?:\d{{0,7}} | [xX]{_HEX}{{0,6}}))?
      | &(?:amp;){{0,2}}(?:\#(?:\d{{0,7}} | [xX]{_HEX}{{0,6}}) | [A-Za-z]{{0,8}})
      | \\{{1,2}}(?:u{_HEX}{{0,3}} | [ux]\{{{_HEX}{{0,6}} | U{_HEX}{{0,7}} | x{_HEX}? | [0-3][0-7]?)?
    )\Z
    """,
    re.VERBOSE,
)
_OCTETS = re.compile(rf"%(?:25){{0,2}}[C-Fc-f]{_HEX}(?:%(?:25){{0,2}}[89ABab]{_HEX}){{0,2}}\Z")
_AGAIN = re.compile(r"&(?:amp;)+(?=[#A-Za-z])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Escaped:
    """One character, and where its escapes stand."""

    start: int
    end: int
    char: str


def escaped(text: str, /) -> Iterator[Escaped]:
    r"""The characters that stand in `text` as escapes, in order.

    >>> [(one.start, one.end, one.char) for one in escaped(r"a%C3%A9 &#x5a; \x5A")]
    [(1, 7, 'é'), (8, 14, 'Z'), (15, 19, 'Z')]
    """
    octets: list[tuple[int, int, int]] = []
    for match in ESCAPE.finditer(text):
        if octets and match.start() != octets[-1][1]:
            yield from _octets(octets)
            octets = []
        if match[0][0] == "%" and match[0][-5:-4] != "u":
            octets.append((match.start(), match.end(), int(match[0][-2:], 16)))
            continue
        yield from _octets(octets)
        octets = []
        if char := _decoded(match[0]):
            yield Escaped(start=match.start(), end=match.end(), char=char)
    yield from _octets(octets)


def begun(text: str, /) -> int:
    """Where an escape begins that what follows `text` may complete; its length if none does."""
    match = _BEGUN.search(text, max(0, len(text) - LONGEST))
    place = match.start() if match else len(text)
    # The octets of one character belong together.
    octets = _OCTETS.search(text, max(0, place - LONGEST), place)
    return octets.start() if octets else place


def has_escapes(text: str, /) -> bool:
    """Whether a sign that leads escapes stands in `text`."""
    return "%" in text or "\\" in text or "&" in text


def _octets(octets: list[tuple[int, int, int]]) -> Iterator[Escaped]:
    """The characters of UTF-8 that some octets are; what is none is left out."""
    at = 0
    while at < len(octets):
        first = octets[at][2]
        size = 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        some = octets[at : at + size]
        try:
            char = bytes(octet for _, _, octet in some).decode("utf-8")
        except UnicodeDecodeError:
            at += 1
            continue
        yield Escaped(start=some[0][0], end=some[-1][1], char=char)
        at += size


@functools.lru_cache(maxsize=1024)
def _decoded(escape: str) -> str:
    """The character of an escape of HTML or of a string literal; empty where there is none."""
    body = _AGAIN.sub("&", escape)
    if body[0] == "&":
        if body[1] != "#":
            name = html5.get(body[1:], "")
            return name if len(name) == 1 else ""
        base = 16 if body[2] in "xX" else 10
        code = int(body[2:].lstrip("xX").rstrip(";"), base)
    else:
        body = body.lstrip("\\") if body[0] == "\\" else body[-5:]
        code = int(body, 8) if body[0].isdigit() else int(body[1:].strip("{}"), 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
