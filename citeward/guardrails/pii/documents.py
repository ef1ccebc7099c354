"""Numbers of passports, driver's licences and other papers, and of bank accounts.

Few have a form that nothing else has: the machine-readable line of a passport (ICAO 9303, with check digits), the
British driving licence, the National Insurance number. The rest is taken only where the words before say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.cues import Cue, cue

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
"""What can be found here besides US_SSN and CREDIT_CARD, of which unusual ways of writing are found here."""

_MRZ = re.compile(r"(?<!\w)([A-Z0-9]{9})(\d)([A-Z]{3})(\d{6})(\d)([MFX])(\d{6})(\d)[A-Z0-9]*")
_UK_LICENCE = re.compile(
    r"(?<!\w)[A-Z]{1,5}9{0,4}(?<=\w{5})\d[0156]\d(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}[A-Z0-9][A-Z]{2}(?:[ ]?\d{2})?(?!\w)"
)
_NINO = re.compile(
    r"(?i)(?<!\w)(?!bg|gb|nk|kn|nt|tn|zz)[a-ceghj-prstw-z][a-ceghj-nprstw-z](?:[ ]?\d{2}){3}[ ]?[a-d](?!\w)"
)
_ITIN = re.compile(r"(?<![\w-])9\d{2}[- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]\d{4}(?![\w-])")
_PART = r"(?=[A-Za-z]{0,3}\d)[A-Za-z0-9*]+"
_NUMBER = re.compile(rf"(?<![\w-])(?=[A-Z*]{{0,4}}[ -]?\d|[A-Za-z0-9]*\d)[A-Za-z0-9*]+(?:[ -]{_PART}){{0,4}}(?!\w|-\w)")
_US_PASSPORT = re.compile(r"[A-Za-z]\d{8}|\d{9}")
_WEIGHTS = (7, 3, 1)


def documents(text: str, before: str = "", /) -> Iterator[Finding]:
    """Numbers of papers in `text`, with what stands before it as context."""
    for match in _MRZ.finditer(text):
        fields = ((match[1], match[2]), (match[4], match[5]), (match[7], match[8]))
        if all(_check_digit(field) == int(digit) for field, digit in fields):
            yield _finding("PASSPORT", match, 1.0)
    for kind, pattern, score in (
        ("UK_DRIVING_LICENCE", _UK_LICENCE, 0.6),
        ("UK_NINO", _NINO, 0.6),
        ("US_ITIN", _ITIN, 0.5),
    ):
        for match in pattern.finditer(text):
            yield _finding(kind, match, score)
    for match in _NUMBER.finditer(text):
        said = _said(match[0], cue(before + text[: match.start()]))
        if said:
            yield _finding(said, match, 0.55)


def _said(number: str, said: Cue | None) -> str | None:
    """What a number is where the words before speak of it; None where its form does not fit."""
    if said is None:
        return None
    bare = re.sub(r"[ *-]", "", number)
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
        case Cue.CARD if bare.isdecimal() and 12 <= digits <= 19 and _is_luhn(bare):
            return "CREDIT_CARD"
    return None


def _check_digit(field: str) -> int:
    """ICAO 9303, part 3, section 4.9."""
    return sum(int(char, 36) * _WEIGHTS[place % 3] for place, char in enumerate(field)) % 10


def _is_nhs(digits: str) -> bool:
    rest = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return rest % 11 == int(digits[9]) and rest != 10


def _is_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _finding(kind: str, match: re.Match[str], score: float) -> Finding:
    return Finding(kind=kind, start=match.start(), end=match.end(), score=score)
