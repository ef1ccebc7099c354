"""Telephone numbers: as they are written, by the national plans, and by the words around them.

A row of digits is cut at what is no part of a number (a date, a slash with spaces) and each piece is judged once:

1. A plus and a country's code, or the words around it, decide alone.
2. An area code in brackets, pairs of digits and the like are forms that little else has.
3. Otherwise a national plan must have the number, and it must be grouped as people write one, or begin with the trunk
   prefix. Bare digits of which nothing speaks are more often an id, a count or a time: they score less than the policy
   asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii import plans
from citeward.guardrails.pii.cues import Context, Cue, context
from citeward.guardrails.pii.lookalikes import harmless, is_amount, is_call, is_fraction, is_part
from citeward.guardrails.pii.reading import WORD

KIND = "PHONE_NUMBER"
_SURE, _CUED, _PLANNED, _BARE = 0.45, 0.5, 0.4, 0.3
LEAST, MOST = 7, 15
"""Digits; E.164 allows 15."""
_NEAR = 16
"""Characters between a cue and what could be a difference as well."""
_TRIES = 32
"""How many pieces of one segment are judged; more numbers than that do not stand in it."""

_ROW = re.compile(rf"(?:(?<![{WORD}])[+(]{{0,3}}|(?<![\d_])\+\(?)\d[\d ()+./·-]*+")
# Between two pieces: a gap, a slash with spaces, and before a plus or a bracket that begins a number.
_BREAK = re.compile(
    r"[ ]{3,}|[ ]/[ ]|[ ]-[ ](?=[+(0])|[/ ]+(?=[(]?\+)|(?<=\d\d\d)[ ]*(?=\(\d{2,5}\)[ ]?\d{3})|(?<=\d)(?=\+)|\+(?=\D)"
)
_GROUP = re.compile(r"\d+")
_UNBROKEN = re.compile(r"[^ /]+")
_AREA = re.compile(r"\(0?\d{2,5}\)[ -]?\d{2,5}(?:[ .-]\d{2,4}){1,3}|\(\d{3}\)[ -]?\d{7}")
_PAIRS = re.compile(r"\d{2}(?:-\d{2}){3,4}|0\d(?:([. ])\d{2})(?:\1\d{2}){3}")
_CHINESE = re.compile(r"(?:86[ -]?)?1[3-9]\d(?:\d{8}|([ -])\d{4}\1\d{4}|[ -]\d{8})")
_BRAZILIAN = re.compile(r"[1-9]\d[ -]9?\d{4}[ -]\d{4}")
_RUSSIAN = re.compile(r"8[ -]?\(?[3-9]\d{2,4}\)?[ -]?\d{1,3}(?:[ -]?\d{2}){2}")
_EXTENSION = re.compile(rf"[ ]?(?:x|ext\.?|extn\.?|доб\.?)[ ]?\d{{1,6}}(?![{WORD}])")
_NAMED_AFTER = re.compile(rf"[ ]?[-(/]?[ ]?(?i:office|fax|mobile|cell|home|work|tel|phone|mobil)(?![{WORD}])")
_DIRECT = re.compile(
    r"\W{0,6}(?:(?:is|was|are|ist|est|es|number|numbers|no|nr|nummer|of|value|field|to|equals?|in|for|at)\W{1,3}){0,2}"
)
_GOES_ON = re.compile(rf"[{WORD}]|[.,:]\d")
_WIDE = re.compile(r"\d[^\d]{4,}\d")
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
"""A network address that is none, or a section."""
_PREFIXED = re.compile(rf"[{WORD}][-_/@#.]\Z")
_BRACKETS = re.compile(r"(?:\+?\d{1,3}[ .-]?)?\(\d{1,5}\)[^()]*\d")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    start: int
    end: int
    written: str
    digits: str

    @property
    def grouped(self) -> bool:
        return len(self.written) > len(self.digits) and not self.written.isdecimal()


def phones(text: str, before: str = "", /, *, regions: tuple[str, ...] = plans.REGIONS) -> Iterator[Finding]:
    """Telephone numbers in `text`, with what stands before it as context.

    Args:
        text: As it is read (`reading.read`).
        before: What stands before it.
        regions: ISO codes of the countries whose numbers are known without a country code.
    """
    said = context(before, text)
    tries = _TRIES
    for row in _rows(text):
        for piece in _pieces(text, *row):
            tries -= 1
            if tries < 0:
                return
            found = _judged(text, piece, said, len(before), regions)
            if found:
                yield found
                continue
            for part in _parts(text, piece):
                tries -= 1
                if tries >= 0 and (found := _judged(text, part, said, len(before), regions)):
                    yield found


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of digits and what may stand between them, without dates and the like."""
    blocked = list(harmless(text))
    for match in _ROW.finditer(text):
        start, end = match.span()
        for one in blocked:
            if one.end <= start or one.start >= end:
                continue
            if one.start > start:
                yield start, one.start
            start = one.end
        if start < end:
            yield start, end


def _pieces(text: str, start: int, end: int) -> Iterator[_Piece]:
    place = start
    for gap in _BREAK.finditer(text, start, end):
        piece = _piece(text, place, gap.start())
        if piece is None and "/" in gap[0] and text[place] in "+(0":
            continue  # +49 (0) 30 / 1234567
        if piece is not None:
            yield piece
        place = gap.end()
    if piece := _piece(text, place, end):
        yield piece


def _piece(text: str, start: int, end: int) -> _Piece | None:
    """What stands between the offsets without loose ends; None where it is too short to be a number."""
    while start < end and not (text[start].isdecimal() or text[start] in "+("):
        start += 1
    while end > start and not (text[end - 1].isdecimal() or text[end - 1] == ")"):
        end -= 1
    if end - start < LEAST:
        return None
    if text.find("(", start, end) >= 0 or text.find(")", start, end) >= 0:
        start, end = _unbracketed(text, start, end)
    written = text[start:end]
    digits = "".join(_GROUP.findall(written))
    return _Piece(start=start, end=end, written=written, digits=digits) if len(digits) >= LEAST else None


def _unbracketed(text: str, start: int, end: int) -> tuple[int, int]:
    """The offsets without brackets that have no other side, and without those around the whole."""
    opened, closed = text.count("(", start, end), text.count(")", start, end)
    while opened > closed and text[start] == "(":
        start, opened = start + 1, opened - 1
    while closed > opened and text[end - 1] == ")":
        end, closed = end - 1, closed - 1
    depth = 0
    for place in range(start, end):
        depth += (text[place] == "(") - (text[place] == ")")
        if not depth:
            return (start + 1, end - 1) if place == end - 1 and end - start > 1 else (start, end)
    return start, end


def _parts(text: str, piece: _Piece) -> Iterator[_Piece]:
    """What stands between the spaces and slashes of a piece that is no number as a whole."""
    words = list(_UNBROKEN.finditer(text, piece.start, piece.end))
    for word in words if len(words) > 1 else ():
        if len(word[0]) >= LEAST and (part := _piece(text, *word.span())):
            yield part


def _judged(text: str, piece: _Piece, said: Context, shift: int, regions: tuple[str, ...]) -> Finding | None:
    start, end = piece.start, piece.end
    if end < len(text):
        if text[end] in " xedX" and (extension := _EXTENSION.match(text, end)):
            end = extension.end()
        if _GOES_ON.match(text, end):
            return None
    lead = text[start - 1 : start]
    if (lead == "." and text[start - 2 : start - 1].isdecimal()) or (lead == "(" and is_call(text, start, piece.end)):
        return None
    if is_part(text, start, end):
        return None
    score = _score(text, piece, end, said, shift, regions)
    return Finding(kind=KIND, start=start, end=end, score=score) if score else None


def _score(text: str, piece: _Piece, end: int, said: Context, shift: int, regions: tuple[str, ...]) -> float:
    start, written, digits = piece.start, piece.written, piece.digits
    if written.startswith(("+", "(+")):
        in_a_sum = text[start - 1 : start].isdecimal() or (text[start - 1 : start].isalpha() and not piece.grouped)
        return _SURE if LEAST < len(digits) <= MOST + 6 and plans.country(digits) and not in_a_sum else 0.0
    if len(digits) > MOST + 2 or _WIDE.search(written):
        return 0.0
    hit = said.last(start + shift)
    if len(digits) <= MOST and _NAMED_AFTER.match(text, end):
        return _CUED
    if len(digits) <= MOST and hit and hit.cue is Cue.PHONE:
        near = start + shift - hit.end <= _NEAR
        return 0.0 if is_fraction(written) or (" - " in written and not near) else _CUED
    if _NUMBERED.fullmatch(written) or not (score := _formed(piece, regions)):
        return 0.0
    if hit and (not piece.grouped or _DIRECT.fullmatch(said.between(hit, start + shift))):
        return 0.0
    if is_amount(text, start, end) or _PREFIXED.search(text, max(0, start - 2), start):
        return 0.0
    return score


def _formed(piece: _Piece, regions: tuple[str, ...]) -> float:
    """How sure it is by the form and the plans alone."""
    written, digits = piece.written, piece.digits
    if _AREA.fullmatch(written) or _PAIRS.fullmatch(written) or _CHINESE.fullmatch(written):
        return _SURE
    if piece.grouped and _RUSSIAN.fullmatch(written):
        return _SURE
    if _BRAZILIAN.fullmatch(written) and "BR" in regions:
        return _PLANNED
    for prefix in ("00", "011"):
        if digits.startswith(prefix) and plans.country(digits[len(prefix) :]):
            known = plans.is_international(digits[len(prefix) :])
            return _SURE if known or (piece.grouped and len(digits) > 10) else 0.0
    if len(digits) > MOST or digits.startswith("00"):
        return 0.0
    trunk = plans.has_trunk(digits, regions)
    if piece.grouped:
        known = trunk or (len(digits) > 8 and plans.is_plain(digits, regions) and _is_in_parts(written))
        return _PLANNED if known and _is_grouped_well(written, digits) else 0.0
    if trunk and len(digits) >= 10:
        return _PLANNED
    return _BARE if trunk or plans.is_plain(digits, regions) else 0.0


def _is_in_parts(written: str) -> bool:
    """Whether a number without a trunk prefix is in three groups or more, or in two of five as in India."""
    groups = _GROUP.findall(written)
    if all(len(group) == 2 for group in groups):
        return False
    return len(groups) > 2 or (" " in written and [len(group) for group in groups] == [5, 5])


def _is_grouped_well(written: str, digits: str) -> bool:
    """Whether people group a number so: in a few groups, the area in brackets; no sum, no postcode before a house."""
    if (")" in written and not _BRACKETS.fullmatch(written)) or (" - " in written and digits[0] != "0"):
        return False
    groups = [len(group) for group in _GROUP.findall(written)]
    if len(groups) == 2 and len(digits) < (10 if " " in written else 9):
        return False
    return len(groups) <= 6 and sum(size == 1 for size in groups) <= 1
