"""Numbers of passports, driver's licences and other papers, and of bank accounts.

Few have a form that nothing else has: the machine-readable line of a passport (ICAO 9303, with check digits), the
British driving licence, the National Insurance number. The rest is taken only where the words before say what it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.accounts import is_luhn
from citeward.guardrails.pii.cues import Cue, context
from citeward.guardrails.pii.reading import WORD

SOCIAL = "US_SSN"
KINDS: tuple[str, ...] = (
    "US_PASSPORT",
    "PASSPORT",
    "US_DRIVER_LICENSE",
    "UK_DRIVING_LICENCE",
    "UK_NINO",
    "UK_NHS",
    "US_ITIN",
    "US_BANK_NUMBER",
)
"""What can be found here besides US_SSN, and CREDIT_CARD after a word that says so."""

_GAP = r"(?:[ ]?[-.·/][ ]?|[ ]{1,2})"
_MRZ = re.compile(rf"(?<![{WORD}])([A-Z0-9]{{9}})(\d)([A-Z]{{3}})(\d{{6}})(\d)([MFX])(\d{{6}})(\d)[A-Z0-9]*")
_UK_LICENCE = re.compile(
    rf"(?<![{WORD}])[A-Z]{{1,5}}9{{0,4}}(?<=[A-Z9]{{5}})\d[0156]\d(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{{2}}[A-Z0-9][A-Z]{{2}}"
    rf"(?:[ ]?\d{{2}})?(?![{WORD}])"
)
_NINO = re.compile(
    rf"(?i)(?<![{WORD}])(?!bg|gb|nk|kn|nt|tn|zz)[a-ceghj-prstw-z][a-ceghj-nprstw-z]"
    rf"(?:[ -]?\d{{2}}){{3}}[ -]?[a-d](?![{WORD}])"
)
_ITIN = re.compile(
    rf"(?<![{WORD}-])9\d{{2}}(?P<gap>{_GAP})(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])(?P=gap)\d{{4}}(?![{WORD}-])"
)
_SSN = re.compile(
    rf"(?<![{WORD}])(?<![0-9a-z]-)(?<!\d\.)\d{{3}}(?P<gap>{_GAP})\d{{2}}(?P=gap)\d{{4}}(?![{WORD}]|-[{WORD}]|\.\d)"
)
_WORD = r"[A-Za-z0-9*]++"
_PART = rf"(?=[A-Za-z]{{0,3}}\d){_WORD}"
_NUMBER = re.compile(
    rf"(?<![{WORD}*-])(?=[A-Z*]{{0,4}}[ -]?\d|[A-Za-z0-9]*+(?<=\d)|[A-Za-z]*+\d)"
    rf"{_WORD}(?:{_GAP}{_PART}){{0,4}}+(?![{WORD}]|-[{WORD}])"
)
_GAPS = re.compile(_GAP)
_US_PASSPORT = re.compile(r"[A-Za-z]\d{8}|\d{9}")
_WEIGHTS = (7, 3, 1)
_NOT_SOCIAL = frozenset({Cue.OTHER, Cue.NUMBERING, Cue.PHONE})
_DIRECT = re.compile(r"\W{0,6}(?:(?:is|was|are|no|nr|number|of|ist|est|es)\W{1,3}){0,2}")


def documents(text: str, before: str = "", /) -> Iterator[Finding]:
    """Numbers of papers in `text`, with what stands before it as context."""
    said = context(before, text)
    for match in _MRZ.finditer(text):
        fields = ((match[1], match[2]), (match[4], match[5]), (match[7], match[8]))
        if all(_check_digit(field) == int(digit) for field, digit in fields):
            yield _finding("PASSPORT", match.start(), match.end(), 1.0)
    for kind, pattern, score in (
        ("UK_DRIVING_LICENCE", _UK_LICENCE, 0.6),
        ("UK_NINO", _NINO, 0.6),
        ("US_ITIN", _ITIN, 0.5),
    ):
        for match in pattern.finditer(text):
            yield _finding(kind, match.start(), match.end(), score)
    for match in _SSN.finditer(text):
        hit = said.last(match.start() + len(before))
        if hit and hit.cue in _NOT_SOCIAL and _DIRECT.fullmatch(said.between(hit, match.start() + len(before))):
            continue
        if not ssn_rules().invalidate_result(_GAPS.sub("-", match[0])):
            yield _finding(SOCIAL, match.start(), match.end(), 0.5)
    for match in _NUMBER.finditer(text):
        hit = said.last(match.start() + len(before))
        if hit is not None and (found := _cued(match[0], hit.cue)):
            kind, size = found
            yield _finding(kind, match.start(), match.start() + size, 0.55)


@functools.cache
def ssn_rules() -> Any:
    """Presidio's rules for social security numbers that were never given out."""
    from presidio_analyzer.predefined_recognizers import UsSsnRecognizer

    return UsSsnRecognizer()


def _cued(written: str, said: Cue) -> tuple[str, int] | None:
    """What a number is by the words before it, and how much of it: other numbers may stand behind it."""
    if kind := _said(written, said):
        return kind, len(written)
    for gap in reversed(list(_GAPS.finditer(written))):
        if " " in gap[0] and (kind := _said(written[: gap.start()], said)):
            return kind, gap.start()
    return None


def _said(number: str, said: Cue) -> str | None:
    """What a number is when the words before speak of it; None when its form does not fit."""
    bare = re.sub(r"[ *./·-]", "", number)
    digits = sum(map(str.isdecimal, bare))
    match said:
        case Cue.PASSPORT if 6 <= len(bare) <= 10 and digits >= 5:
            return "US_PASSPORT" if _US_PASSPORT.fullmatch(bare) else "PASSPORT"
        case Cue.LICENCE if 5 <= len(bare) <= 18 and digits >= 4:
            return "US_DRIVER_LICENSE"
        case Cue.ACCOUNT if bare.isdecimal() and 8 <= digits <= 17:
            return "US_BANK_NUMBER"
        case Cue.SOCIAL if bare.isdecimal() and digits == 9:
            return "US_SSN"
        case Cue.TAXPAYER if bare.isdecimal() and digits == 9 and bare.startswith("9"):
            return "US_ITIN"
        case Cue.HEALTH if bare.isdecimal() and digits == 10 and _is_nhs(bare):
            return "UK_NHS"
        case Cue.CARD if bare.isdecimal() and 12 <= digits <= 19 and is_luhn(bare):
            return "CREDIT_CARD"
    return None


def _check_digit(field: str) -> int:
    """ICAO 9303, part 3, section 4.9."""
    return sum(int(char, 36) * _WEIGHTS[place % 3] for place, char in enumerate(field)) % 10


def _is_nhs(digits: str) -> bool:
    rest = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return rest % 11 == int(digits[9]) and rest != 10


def _finding(kind: str, start: int, end: int, score: float) -> Finding:
    return Finding(kind=kind, start=start, end=end, score=score)
