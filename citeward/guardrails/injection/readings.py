"""A text as a model may read it: escapes decoded, marks between letters removed, digits for letters read as letters."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from citeward.guardrails.characters import plain, unleeted

ROUNDS = 3
"""How often what was decoded is decoded again: `&amp;#105;` takes two."""
_CONTEXT = 300
"""Characters that one comment or tag may have; each pattern below is bounded by it, so that a pass is linear."""
_ESCAPE = re.compile(
    r"(?P<entity>&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?)"
    r"|(?P<code>\\u\{?[0-9a-fA-F]{4,6}\}?|\\U[0-9a-fA-F]{8}|%u[0-9a-fA-F]{4}|\bU\+[0-9A-Fa-f]{4,5}(?![0-9A-Fa-f])[ ,]?)"
    r"|(?P<bytes>(?:\\x[0-9a-fA-F]{2})+|(?:%[0-9a-fA-F]{2})+|(?:=[0-9A-F]{2}){2,}|(?:\\[0-3][0-7]{2})+)"
    r"|(?P<space>\\[nrt](?![a-z]))"
)
_MAY_ESCAPE = re.compile(r"[&\\%=]|U\+")
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d"
_COMBINING = re.compile("[\u0300-\u036f\u0489\u20d0-\u20ff\ufe20-\ufe2f]+")
"""Marks on the letter before: accents that were typed by themselves, strokes through letters."""
_MARKS = re.compile(
    rf"(?P<nothing><!--.{{0,{_CONTEXT}}}?-->|/\*.{{0,{_CONTEXT}}}?\*/"
    rf"|</?(?:a|abbr|b|big|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|tt|u|wbr)(?:\s[^<>]{{0,{_CONTEXT}}})?/?>"
    r"|(?<=[^\W_])(?:[*`~]|__)+(?=[^\W_])|(?<=[^\W_])\[\](?=[^\W_])"
    rf"|(?<=[{_CJK}])[\s*_`~·.\-|/,、]+(?=[{_CJK}]))"
    rf"|(?P<space></?[a-z][^<>]{{0,{_CONTEXT}}}>|[*`~]+)",
    re.DOTALL,
)
_MAY_MARK = re.compile(rf"[<*`~]|/\*|__|\[\]|[{_CJK}]")
# What digits and signs stand for beside those that `unleeted` knows. A one may be an i or an l: each has a reading.
_LEET = str.maketrans("0134567892@$!|+€£¡", "oieasgtbgzasilteli")
_LEET_OTHER = str.maketrans("0134567892@$!|+€£¡", "oleasbtbgzasllteli")
_LEET_WORD = re.compile(
    r"(?<![\w@$!|+€£¡])(?=[a-z0-9@$!|+€£¡]*[a-z])(?=[a-z]*[0-9@$!|+€£¡])[a-z0-9@$!|+€£¡]{2,}(?![\w@$|€£¡])"
)

Offsets: TypeAlias = list[int]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read a text."""

    text: str
    starts: Offsets | None = field(default=None, repr=False)
    """For each character of `text` where in the original it begins; None if each stands in its own place."""
    ends: Offsets | None = field(default=None, repr=False)
    """The same, where in the original it ends."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the original text of characters `start` to `end` (exclusive) of this reading."""
        if self.starts is None or self.ends is None or end <= start:
            return start, end
        return self.starts[start], self.ends[end - 1]

    def replaced(self, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> Reading:
        """This reading with each match replaced; what stands in its place has the whole match's offsets."""
        parts: list[str] = []
        starts: Offsets = []
        ends: Offsets = []
        at = 0
        for match in pattern.finditer(self.text):
            put = replace(match)
            if put == match[0]:
                continue
            self._copy(at, match.start(), parts, starts, ends)
            parts.append(put)
            start, end = self.span(*match.span())
            starts += [start] * len(put)
            ends += [end] * len(put)
            at = match.end()
        if not at:
            return self
        self._copy(at, len(self.text), parts, starts, ends)
        return Reading(text="".join(parts), starts=starts, ends=ends)

    def same_length(self, text: str) -> Reading:
        """Another text whose characters stand where those of this one do."""
        return self if text == self.text else Reading(text=text, starts=self.starts, ends=self.ends)

    def _copy(self, start: int, end: int, parts: list[str], starts: Offsets, ends: Offsets) -> None:
        parts.append(self.text[start:end])
        if self.starts is None or self.ends is None:
            starts += range(start, end)
            ends += range(start + 1, end + 1)
        else:
            starts += self.starts[start:end]
            ends += self.ends[start:end]


@dataclass(frozen=True, kw_only=True)
class Readings:
    """The ways to read one text."""

    shown: Reading
    """Escapes decoded, look-alikes replaced, lower case, nothing invisible."""
    words: Reading
    """The same without marks and tags, digits inside words read as letters."""
    others: tuple[Reading, ...] = ()
    """Where a sign may stand for several letters, the words with the other ones."""


def readings(text: str, /) -> Readings:
    """Every way to read `text` that the patterns look at, in time that is linear in its length."""
    shown = _plain(decoded(text))
    words = _unmarked(shown)
    first = words.same_length(_LEET_WORD.sub(lambda match: match[0].translate(_LEET), unleeted(words.text)))
    other = words.same_length(_LEET_WORD.sub(lambda match: match[0].translate(_LEET_OTHER), words.text))
    return Readings(shown=shown, words=first, others=() if other.text in (first.text, words.text) else (other,))


def decoded(text: str, /) -> Reading:
    """`text` with entities and escapes as the characters that they stand for."""
    reading = Reading(text=text)
    for _ in range(ROUNDS):
        if _MAY_ESCAPE.search(reading.text) is None:
            break
        before, reading = reading, reading.replaced(_ESCAPE, _unescaped)
        if reading is before:
            break
    return reading


def _unescaped(match: re.Match[str]) -> str:
    whole = match[0]
    if match["entity"]:
        return html.unescape(whole)
    if match["space"]:
        return " "
    if match["bytes"]:
        return _text_of(whole)
    value = int(re.sub(r"[^0-9a-fA-F]", "", whole[2:]), 16)
    return chr(value) if value <= 0x10FFFF else whole


def _text_of(code: str) -> str:
    if code[0] == "\\" and code[1] != "x":
        raw = bytes(int(code[at : at + 3], 8) for at in range(1, len(code), 4))
    elif code[0] == "%":
        raw = unquote_to_bytes(code)
    else:
        raw = bytes.fromhex(code.replace("\\x", "").replace("=", ""))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _plain(reading: Reading) -> Reading:
    reading = reading.replaced(_COMBINING, lambda _: "")
    made = plain(reading.text)
    if made.offsets is None:
        return reading.same_length(made.text)
    spans = [reading.span(at, at + 1) for at in made.offsets]
    return Reading(text=made.text, starts=[start for start, _ in spans], ends=[end for _, end in spans])


def _unmarked(reading: Reading) -> Reading:
    if _MAY_MARK.search(reading.text) is None:
        return reading
    return reading.replaced(_MARKS, lambda match: "" if match["space"] is None else " ")
