"""National numbering plans, as the metadata of libphonenumber gives them.

The library's own matcher tries each region with each way to read a text, a millisecond for one number. Here the plans
of all regions are one pattern for numbers with the trunk prefix and one for those without, and a row of digits is
matched once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

REGIONS: tuple[str, ...] = tuple(
    """US CA GB DE FR IN BR CN JP KR RU IT ES PT NL BE LU CH AT SE NO DK FI IE PL CZ SK HU RO BG GR HR SI RS UA LT LV EE
    TR IL SA AE EG MA NG KE ZA PK BD LK TH VN ID MY SG PH HK TW AU NZ MX AR CL CO PE""".split()
)
"""Where a telephone number without a country code may be from."""
_TYPES = ("fixed_line", "mobile", "toll_free", "shared_cost", "premium_rate", "voip", "personal_number")
_NANP = 1
# Plans with a trunk prefix that is left out as often as not.
_OPTIONAL = {"IN": r"[6-9]\d{9}", "CN": r"1[3-9]\d{9}"}
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, kw_only=True)
class Plans:
    """The plans of some regions."""

    trunk: re.Pattern[str]
    """Numbers with the prefix that leads a call to another area: a 0, in Russia an 8, in America a 1."""
    plain: re.Pattern[str]
    """Numbers that are written without one."""


@functools.cache
def plans(regions: tuple[str, ...] = REGIONS) -> Plans:
    """The plans of `regions`, compiled once."""
    trunk: dict[str, None] = {}
    plain: dict[str, None] = {}
    for region in regions:
        for prefix, pattern in _shapes(region):
            if prefix:
                trunk[f"{prefix}(?:{pattern})"] = None
            else:
                plain[pattern] = None
    return Plans(trunk=_compiled(trunk), plain=_compiled(plain))


@functools.lru_cache(maxsize=4096)
def has_trunk(digits: str, regions: tuple[str, ...], /) -> bool:
    """Whether some plan has this number, written with its trunk prefix."""
    return plans(regions).trunk.fullmatch(digits) is not None


@functools.lru_cache(maxsize=4096)
def is_plain(digits: str, regions: tuple[str, ...], /) -> bool:
    """Whether some plan has this number, written as it is where no trunk prefix is in use."""
    return plans(regions).plain.fullmatch(digits) is not None


def country(digits: str, /) -> int:
    """How many of the first digits are a country's code; 0 for none."""
    codes = _codes()
    return next((size for size in (1, 2, 3) if digits[:size] in codes), 0)


@functools.lru_cache(maxsize=4096)
def is_international(digits: str, /) -> bool:
    """Whether the digits are a country's code and a number of its plan."""
    import phonenumbers

    size = country(digits)
    if not size:
        return False
    regions = tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(digits[:size])])
    return _national(regions).fullmatch(digits[size:]) is not None


@functools.cache
def _codes() -> frozenset[str]:
    import phonenumbers

    return frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


@functools.cache
def _national(regions: tuple[str, ...]) -> re.Pattern[str]:
    return _compiled(dict.fromkeys(pattern for region in regions for pattern in _patterns(region)))


def _shapes(region: str) -> Iterator[tuple[str, str]]:
    """The trunk prefix, or none, and what follows it."""
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return
    if metadata.country_code == _NANP:
        for neighbour in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[_NANP]:
            for pattern in _patterns(neighbour):
                yield "", f"1?(?:{pattern})"
        return
    prefix = metadata.national_prefix or ""
    for pattern in _patterns(region):
        yield prefix, pattern
    if region in _OPTIONAL:
        yield "", _OPTIONAL[region]


def _patterns(region: str) -> Iterator[str]:
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    for name in _TYPES:
        kind = getattr(metadata, name, None)
        if kind is not None and kind.national_number_pattern:
            yield re.sub(r"\s+", "", kind.national_number_pattern)


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    joined = "|".join(patterns)
    return re.compile(joined) if joined else _NEVER
