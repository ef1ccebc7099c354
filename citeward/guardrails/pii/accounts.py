"""Numbers of cards and of bank accounts, by their checksums, however they are grouped."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.cues import Cue, context
from citeward.guardrails.pii.lookalikes import harmless
from citeward.guardrails.pii.reading import WORD

CARD, IBAN = "CREDIT_CARD", "IBAN_CODE"

_GAP = r"(?:[ ]?[-./·_][ ]?|\+|[ ]{1,2})"
# From every group of four digits on, so that a number before the card's does not hide it.
_CARD = re.compile(rf"(?<![{WORD}])(?<!\d[-.])(?=([1-689]\d{{3,18}}(?:{_GAP}\d{{1,8}}){{0,4}}+))\d")
_BOUNDARY = re.compile(rf"(?![{WORD}]|[.,]\d|-\d{{4}}|-[0-9]*[A-Za-z]+[0-9])")
_SIZES = re.compile(r"(?:444[1-4][1-3]?|46[45]|88|4[34][34][345])")
"""How many digits the groups have."""
_ISSUED = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{18})                                                        # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}                 # Mastercard
    | 3[47]\d{13}                                                                      # American Express
    | 3(?:0[0-5]|[689]\d)\d{11} | 3[689]\d{14,17}                                      # Diners Club
    | (?:6011|64[4-9]\d|65\d\d|62\d\d|8[12]\d\d)\d{12,15}                              # Discover, UnionPay, RuPay
    | (?:352[89]|35[3-8]\d)\d{12,15} | (?:2131|1800)\d{11}                             # JCB
    | (?:50|5[6-9]|6\d)\d{10,17}                                                       # Maestro
    | 220[0-4]\d{12,15} | 9792\d{12}                                                   # Mir, Troy
    | 1\d{14}                                                                          # UATP
    """,
    re.VERBOSE,
)
_GROUP = re.compile(r"\d+")

_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH CR HR LI LV", 22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
"""Characters of an IBAN by country; ISO 13616, the registry of SWIFT."""
_IBAN = re.compile(rf"(?<![{WORD}])[A-Za-z]{{2}}[ -]?\d[ ]?\d(?=[ .·/+-]{{0,3}}[A-Za-z0-9])")
_SIGNS = re.compile(r"[ .·/+-]+")


def cards(text: str, before: str = "", /) -> Iterator[Finding]:
    """Card numbers in `text` whose checksum agrees and whose range is some issuer's."""
    said = context(before, text)
    blocked: list[tuple[int, int]] | None = None
    done = 0
    for match in _CARD.finditer(text):
        start = match.start()
        if start < done:
            continue
        for end, digits in _numbers(match[1]):
            if _ISSUED.fullmatch(digits) and is_luhn(digits) and _BOUNDARY.match(text, start + end):
                break
        else:
            continue
        end += start
        if blocked is None:
            blocked = [(one.start, one.end) for one in harmless(text)]
        if any(start < stop and begin < end for begin, stop in blocked):
            continue
        hit = said.last(start + len(before))
        of_goods = len(digits) <= 13 and _is_ean(digits)
        if len(digits) < 16 and (of_goods or (hit and hit.cue is Cue.OTHER)) and not (hit and hit.cue is Cue.CARD):
            continue
        yield Finding(kind=CARD, start=start, end=end)
        done = end


def _numbers(written: str) -> Iterator[tuple[int, str]]:
    """The rows of groups that a card's number may be, from the first group on, the longest first; where each ends."""
    digits, sizes = "", ""
    found: list[tuple[int, str]] = []
    for group in _GROUP.finditer(written):
        digits += group[0]
        sizes += str(len(group[0]))
        if len(digits) > 19:
            break
        if len(digits) >= 12 and (len(digits) == len(group[0]) or _SIZES.fullmatch(sizes)):
            found.append((group.end(), digits))
    return reversed(found)


def ibans(text: str, _before: str = "", /) -> Iterator[Finding]:
    """Bank accounts in `text` whose checksum agrees and whose form is their country's."""
    for match in _IBAN.finditer(text):
        length = LENGTHS.get(match[0][:2].upper())
        whole = _shape(length).match(text, match.start()) if length else None
        if whole is None:
            continue
        if iban_format().validate_result(_SIGNS.sub("", whole[0]).upper()):
            yield Finding(kind=IBAN, start=whole.start(), end=whole.end())


@functools.cache
def _shape(length: int) -> re.Pattern[str]:
    gap = "(?:[ ]?[-./·][ ]?|\\+|[ ]{0,2})"
    return re.compile(rf"[A-Za-z]{{2}}[ -]?\d[ ]?\d(?:{gap}[A-Za-z0-9]){{{length - 4}}}(?![{WORD}])")


@functools.cache
def iban_format() -> Any:
    """Presidio's check of an IBAN: the checksum, and the form that each country gives its accounts."""
    from presidio_analyzer.predefined_recognizers import IbanRecognizer

    return IbanRecognizer()


def is_luhn(digits: str, /) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812-1."""
    total = sum(map(int, digits[-1::-2]))
    total += sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _is_ean(digits: str) -> bool:
    """Whether it is the number of goods: EAN-13 and UPC-A."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))) % 10 == 0
