"""A text as its numbers and addresses are read, whatever digits, spaces, dashes and escapes it is written with.

People paste numbers with spaces that do not break from a web page, type a full-width `＠` with an Asian keyboard, and
copy `mia%40firma.de` from an address bar. What is looked for is written once, in ASCII, and looked for in this reading;
a finding is given back by the offsets of the text as it was written.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from citeward.guardrails.escapes import Escaped, escaped, has_escapes

WORD = "0-9A-Za-z_\u00c0-\u024f\u1e00-\u1eff"
"""Inside of a character class: what a number or an address may not touch. Letters of other scripts are none of it, as
Chinese, Japanese and Thai put no space between words, and Korean and Turkish put endings behind names."""
DASHES = "\\-\u2010-\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d"
"""Inside of a character class: what is read as a hyphen."""
SPACES = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Inside of a character class: what is read as a space; tabulators and ends of lines are not."""
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufe00-\ufe0f"
"""Inside of a character class: what is not drawn and not read."""

_DOTS = "\u2024\u3002\ufe52\uff0e\uff61"
_MIDDLE_DOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff65"
_KEPT = ("<super>", "<sub>", "<fraction>", "<square>")  # m² is not m2


# Written so that programs shall not see it.
_SPELLED = re.compile(r"(?i)[(\[{](?:(?P<at>at)|dot|punkt|point|punto)[)\]}]")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in its plain spelling."""

    text: str
    starts: Sequence[int] | None = None
    """For each character where it begins in the text as written; None where that is the same place."""
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the text as it was written."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def read(text: str, /) -> Reading:
    """The reading of `text`.

    >>> reading = read("ｍｉａ&#64;firma．de")
    >>> reading.text, reading.span(0, 12)
    ('mia@firma.de', (0, 16))
    """
    codes = {one.start: one for one in escaped(text)} if has_escapes(text) else {}
    if "at" in text or "AT" in text:
        codes |= {match.start(): _spelled(match) for match in _SPELLED.finditer(text)}
    if not codes and text.isascii():
        return Reading(text)
    out = [] if codes else list(map(folded, text))
    if out and all(out) and sum(map(len, out)) == len(text):
        return Reading("".join(out))
    out = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    while place < len(text):
        code = codes.get(place)
        char, after = (code.char, code.end) if code else (text[place], place + 1)
        plain = folded(char)
        out.append(plain)
        starts += [place] * len(plain)
        ends += [after] * len(plain)
        place = after
    return Reading("".join(out), starts, ends)


def _spelled(match: re.Match[str]) -> Escaped:
    return Escaped(start=match.start(), end=match.end(), char="@" if match["at"] else ".")


@functools.lru_cache(maxsize=8192)
def folded(char: str, /) -> str:
    """What a character is read as: no character where it is not drawn.

    >>> [folded(char) for char in "７－\u200b٣é中"]
    ['7', '-', '', '3', 'é', '中']
    """
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Zs":
        return " "
    if category == "Pd" or char == "\u2212":
        return "-"
    if category == "Cf" or char in "\u034f\u180e" or "\ufe00" <= char <= "\ufe0f":
        return ""
    if char in _DOTS:
        return "."
    if char in _MIDDLE_DOTS:
        return "\u00b7"
    if unicodedata.decomposition(char).startswith(_KEPT):
        return char
    plain = unicodedata.normalize("NFKC", char)
    return char if " " in plain else plain  # a mark that stands alone is written over a space


def is_latin(char: str, /) -> bool:
    """Whether a character is ASCII, or a letter of the Latin script or a mark over one."""
    return char < "\u0250" or "\u0300" <= char <= "\u036f" or "\u1e00" <= char <= "\u1eff"
