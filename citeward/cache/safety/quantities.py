"""Numbers, units, dates and bounds, in one form however they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(
    r"(?<![\w.])[$€£]?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*)(k|m|bn|st|nd|rd|th)?(?![a-z\d]*_)", re.I
)
_SPELLED = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {word: str(30 + 10 * at) for at, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split())}
_SPELLED |= {"hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000", "dozen": "12"}
_SPELLED |= {"half": "1/2", "twice": "2x", "double": "2x", "thrice": "3x", "triple": "3x", "quarter": "1/4"}
NUMERALS = frozenset(_SPELLED)
"""Numbers that are written out."""
_ORDINAL = {
    word: f"#{at}"
    for at, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
_VERSION = re.compile(r"(?:\b(?:version|release|section|chapter|article|clause|rule)s?|§)\s*$", re.IGNORECASE)
"""Before a number whose last zero counts: version 2.10 is not version 2.1."""
_MINUS = re.compile(r"(?:^|[\s(])[-−]$")
_POWER = {"k": 1_000.0, "m": 1_000_000.0, "bn": 1_000_000_000.0}
UNITS = {
    alias: group.split()[0]
    for group in (
        "seconds sec secs s",
        "milliseconds ms millisecond",
        "minutes minute min mins",
        "hours hour hr hrs hourly",
        "days day daily",
        "weeks week weekly",
        "months month monthly",
        "years year yearly annual annually",
        "decades decade",
        "centuries century",
        "bytes byte",
        "bits bit",
        "kilobytes kb kib kilobyte",
        "megabytes mb mib megabyte",
        "gigabytes gb gib gigabyte",
        "terabytes tb tib terabyte",
        "millimetres mm millimeters millimetre millimeter",
        "centimetres cm centimeters centimetre centimeter",
        "metres meters metre meter",
        "kilometres km kms kilometers kilometre kilometer",
        "inches inch",
        "feet foot ft",
        "yards yard",
        "miles mile",
        "grams gram",
        "kilograms kg kgs kilogram kilo kilos",
        "pounds lb lbs",
        "ounces ounce oz",
        "tons ton tonnes tonne",
        "litres liters litre liter",
        "gallons gallon",
        "celsius centigrade",
        "fahrenheit",
        "kelvin",
        "percent % per-cent",
        "dollars dollar $ usd",
        "euros euro € eur",
        "sterling £ gbp",
        "tokens token",
        "watts watt",
        "volts volt",
    )
    for alias in group.split()
}
"""Each way to write a unit to its name."""
_UNIT_ALONE = frozenset(UNITS) - {
    "s",
    "min",
    "second",
    "m",
    "foot",
    "yard",
    "pounds",
    "lb",
    "$",
    "€",
    "£",
    "%",
    "token",
    "tokens",
    "bit",
    "bits",
}
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = {name: name for name in _MONTHS} | {name[:3]: name for name in _MONTHS} | {"sept": "september"}
_AMBIGUOUS = frozenset("may march mar".split())
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_DATED = re.compile(
    r"\b(?:(?:in|since|until|till|by|of|on|last|next|this|early|late|mid)[\s-]+(march|may|mar)\b(?!\s+(?:be|have|not))|"
    r"\b(march|may|mar)\.?\s+\d|\d(?:st|nd|rd|th)?\s+(?:of\s+)?(march|may|mar)\b)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(today|yesterday|tomorrow|tonight|now|currently|(?:last|next|this|past|coming)\s+"
    r"(?:second|minute|hour|day|night|week|weekend|month|quarter|year|decade|century|time)s?)\b",
    re.IGNORECASE,
)
_NOW = frozenset({"now", "currently", "today"})
_BOUNDS = (
    (
        re.compile(r"\b(?:at least|no (?:less|fewer) than|not less than|minimum of|or more|or above)\b", re.IGNORECASE),
        ">=",
    ),
    (
        re.compile(
            r"\b(?:at most|no more than|not more than|maximum of|up to|or less|or fewer|or below)\b", re.IGNORECASE
        ),
        "<=",
    ),
    (re.compile(r"(?<!no )(?<!not )\b(?:more|greater|higher|larger|longer|older) than\b", re.IGNORECASE), ">"),
    (re.compile(r"(?<!no )(?<!not )\b(?:less|fewer|lower|smaller|shorter|younger) than\b", re.IGNORECASE), "<"),
    (re.compile(r"\b(?:all|every|each|entire|whole)\b", re.IGNORECASE), "all"),
    (re.compile(r"\b(?:only|solely|exclusively|nothing but)\b", re.IGNORECASE), "only"),
)


@dataclass(frozen=True, kw_only=True)
class Quantities:
    """What a text says in numbers."""

    numbers: tuple[str, ...]
    """In the order of the text, each in one form; `1/2`, `2x` and `#1` for halves, doubles and ordinals."""
    ones: int
    """How often `one` is written out, which is a number at times and a pronoun at others."""
    measured: frozenset[tuple[str, str]]
    """Each number with its unit, or with the word that follows it."""
    units: frozenset[str]
    """Units that stand with a number or alone."""
    dates: frozenset[str]
    """Months, weekdays, and words such as `yesterday` or `last year`."""
    bounds: frozenset[str]
    """Of `>=`, `<=`, `>`, `<`, `all` and `only`."""


def quantities(text: str, words: tuple[str, ...], *, asked: frozenset[str] = frozenset()) -> Quantities:
    """The numbers of a text.

    Args:
        text: The text.
        words: Its words, lower-cased and in order.
        asked: Words that ask for a quantity and name none, as `year` in "what year".
    """
    numbers: list[str] = []
    measured: set[tuple[str, str]] = set()
    units: set[str] = set()
    for match in _NUMBER.finditer(text):
        form = _form(match[1], (match[2] or "").lower(), versioned=bool(_VERSION.search(text[: match.start()])))
        if _MINUS.search(text[: match.start()]):
            form = f"-{form}"
        after = re.match(r"\s*-?\s*(%|[^\W\d_]+|[$€£])", text[match.end() :])
        unit = "$" if "$" in match[0] else "€" if "€" in match[0] else "£" if "£" in match[0] else ""
        unit = unit or (after[1].lower() if after else "")
        numbers.append(form)
        measured.add((form, UNITS.get(unit, unit)))
        if unit in UNITS:
            units.add(UNITS[unit])
    for at, word in enumerate(words):
        form = _SPELLED.get(word, "")
        following = words[at + 1] if at + 1 < len(words) else ""
        if form and word != "one":
            numbers.append(form)
            measured.add((form, UNITS.get(following, following)))
            if following in UNITS:
                units.add(UNITS[following])
        elif word in _ORDINAL and not (word == "second" and at and words[at - 1] in ("a", "per", "each", "every")):
            numbers.append(_ORDINAL[word])
        if word in _UNIT_ALONE and word not in asked:
            units.add(UNITS[word])
    return Quantities(
        numbers=tuple(numbers),
        ones=words.count("one"),
        measured=frozenset(measured),
        units=frozenset(units),
        dates=_dates(text, words),
        bounds=frozenset(sign for pattern, sign in _BOUNDS if pattern.search(text)),
    )


def differing(one: Quantities, other: Quantities) -> str:
    """The reason why the two cannot mean the same; empty where there is none."""
    if _unmatched(one, other) or _unmatched(other, one):
        return "numbers"
    if one.numbers != other.numbers and sorted(one.numbers) == sorted(other.numbers):
        told_apart = all(unit for _, unit in one.measured | other.measured)
        if not told_apart or one.measured != other.measured:
            return "order of numbers"
    if one.units != other.units:
        return "units"
    if one.dates != other.dates:
        return "dates"
    if one.bounds != other.bounds:
        return "bounds"
    return ""


def _unmatched(one: Quantities, other: Quantities) -> bool:
    """Whether a number of the one is missing in the other; a `one` that is written out may stand for a 1."""
    rest, spare = list(other.numbers), other.ones
    for number in one.numbers:
        if number in rest:
            rest.remove(number)
        elif number == "1" and spare:
            spare -= 1
        else:
            return True
    return False


def _form(number: str, suffix: str, *, versioned: bool) -> str:
    plain = number.replace(",", "")
    if suffix in _POWER and plain.count(".") < 2:
        return f"{float(plain) * _POWER[suffix]:.12g}"
    if plain.count(".") == 1 and not versioned:
        plain = plain.rstrip("0").rstrip(".")
    plain = plain.lstrip("0") or "0"
    plain = f"0{plain}" if plain.startswith(".") else plain
    return f"#{plain}" if suffix in ("st", "nd", "rd", "th") else plain


def _dates(text: str, words: tuple[str, ...]) -> frozenset[str]:
    named = {_MONTH[word] for word in words if word in _MONTH and word not in _AMBIGUOUS}
    named |= {_MONTH[next(part for part in match.groups() if part).lower()] for match in _DATED.finditer(text)}
    relative = {" ".join(match[1].lower().split()) for match in _RELATIVE.finditer(text)}
    return frozenset(named | (_DAYS & set(words)) | {"now" if word in _NOW else word for word in relative})
