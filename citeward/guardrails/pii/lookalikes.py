"""Numbers that are nobody's, and look like a telephone number, a card or a network address.

They are told by their own form (a UUID, a date with an hour, an ISBN with its check digit) or by what touches them: a
number in the brackets of a call, behind a currency, as a part of a longer identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from citeward.guardrails.pii.reading import WORD

_YEAR, _MONTH, _DAY = r"(?:19|20)\d{2}", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_CLOCK = (
    r"(?:[ ]?[T_,-]?[ ]?(?:[01]?\d|2[0-4])(?::?[0-5]\d){0,2}(?!\d)"
    r"(?:[.,]\d{1,9})?(?:[ ]?Z|[ ]?[+-]\d{2}:?(?:\d{2})?)?)?"
)
_SHAPES = re.compile(
    rf"""
      (?<![{WORD}])(?:
        (?P<uuid>[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}})
      | (?P<date>
          {_YEAR}(?P<a>[-/.])[ ]?{_MONTH}(?P=a)[ ]?{_DAY}(?!(?P=a)\d|\d){_CLOCK}
        | {_DAY}(?P<b>[-/.])[ ]?{_MONTH}(?P=b)[ ]?(?:{_YEAR}|\d{{2}})(?!(?P=b)\d|\d){_CLOCK}
        | {_MONTH}(?P<c>[-/])[ ]?{_DAY}(?P=c)[ ]?(?:{_YEAR}|\d{{2}})(?!(?P=c)\d|\d){_CLOCK}
        | {_YEAR}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[-_ T](?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?
        | (?:1[5-9]|20)\d{{2}}[ ]?[-/][ ]?(?:1[5-9]|20)\d{{2}}(?![-/]?\d)
        )
      | (?P<postcode>(?<=[A-Z]{{2}}[ ])\d{{5}}-\d{{4}})
      | (?P<isbn>(?:97[89][- ])?\d{{1,5}}[- ]\d{{1,7}}[- ]\d{{1,7}}[- ][\dXx])
      )(?![{WORD}])
    """,
    re.VERBOSE,
)
_CALL_BEFORE = re.compile(rf"[{WORD}]\(\Z")
_CALL_AFTER = re.compile(r"\)(?![ ]?[-./]?\d)")
_MONEY_BEFORE = re.compile(r"(?:[$€£¥₹₩₽¢#]|\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR|PLN|SEK|NOK|DKK))[ ]?\Z")
_UNIT_AFTER = re.compile(
    r"[ ]?(?:[$€£¥₹₩₽%‰°]|(?:USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|PLN|SEK|NOK|DKK|RUB|[kKMGTP]i?[Bb]|[kmcµn]?m|k?g|mg"
    r"|[mµn]?s|mi|ft|km/h|mph|[kMG]?Hz|[kMG]?Wh?|kWh|hPa|bytes?|bits?|people|rows?|items?|units?|records?|users?|times?|years?"
    r"|days?|hours?|minutes?|seconds?|meters?|metres?|miles?|pages?|euros?|dollars?|million|billion|元|円|人|원)"
    rf"(?![{WORD}]))"
)
_SUM_BEFORE = re.compile(r"(?:[\d)][ ]*(?:\*\*?|[×÷^<>=])|(?<![\d.-])\d{1,6}[ ]*/|\d[ ]+[+-])[ ]*\Z")
_SUM_AFTER = re.compile(
    r"[ ]*(?:\*\*?|[×÷^<>]|==?)[ ]*[\d(]|[ ]*%|[ ]*/[ ]*\d{1,6}(?![\d /.-]*\d)|[ ]+[+-][ ]+\d{1,6}(?![ /.-]?\d)"
)
_DECIMAL = re.compile(r"(?:0|[1-9]\d*)\.\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([ .·])\d{3})(?:\1\d{3})*(?:(?!\1)[.]\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Harmless:
    """A stretch that is no personal data."""

    start: int
    end: int


def harmless(text: str, /) -> Iterator[Harmless]:
    """What in `text` is a UUID, a date with or without an hour, a span of years, an American postcode, or an ISBN."""
    for match in _SHAPES.finditer(text):
        if match.lastgroup == "isbn" and not _is_isbn(match[0]):
            continue
        yield Harmless(start=match.start(), end=match.end())


def is_call(text: str, start: int, end: int, /) -> bool:
    """Whether what stands between the offsets is an argument, as in `foo(1234567890)`."""
    return _CALL_BEFORE.search(text, max(0, start - 2), start) is not None and _CALL_AFTER.match(text, end) is not None


def is_amount(text: str, start: int, end: int, /) -> bool:
    """Whether the number is money, a measure, a term of a sum, or written as amounts are."""
    written = text[start:end]
    return bool(
        _MONEY_BEFORE.search(text, max(0, start - 5), start)
        or _UNIT_AFTER.match(text, end)
        or _SUM_BEFORE.search(text, max(0, start - 12), start)
        or _SUM_AFTER.match(text, end)
        or _DECIMAL.fullmatch(written)
        or _THOUSANDS.fullmatch(written)
    )


def is_fraction(written: str, /) -> bool:
    """Whether the number has a decimal point and no area code before it, as 0.01957859 and 12.345678 have."""
    return _DECIMAL.fullmatch(written) is not None and written.index(".") < 3


def is_part(text: str, start: int, end: int, /) -> bool:
    """Whether the number belongs to a longer identifier: what a hyphen or the like joins to it holds a digit."""
    return _joined(text[max(0, start - 24) : start][::-1]) or _joined(text[end : end + 24])


_NEIGHBOUR = re.compile(rf"[-_/@#~]([{WORD}-]{{1,24}})")


def _joined(beside: str) -> bool:
    match = _NEIGHBOUR.match(beside)
    if match is None or not any(char.isdecimal() or char == "_" for char in match[1]):
        return False
    return beside[0] != "/" or any(map(str.isalpha, match[1]))  # 0171 1234567/0172 1234567


def _is_isbn(written: str) -> bool:
    digits = [10 if char in "Xx" else int(char) for char in written if char not in "- "]
    if len(digits) == 10:
        return sum(weight * digit for weight, digit in zip(range(10, 0, -1), digits, strict=True)) % 11 == 0
    return (
        len(digits) == 13
        and 10 not in digits
        and sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0
    )
