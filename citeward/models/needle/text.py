"""What a question says literally: its quantities, its lists, its words. A small model's arguments are held to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_WORDS = dict(
    zip("zero one two three four five six seven eight nine ten eleven twelve".split(), range(13), strict=True)
)
_SPANS = {
    "once": 1,
    "twice": 2,
    "pair": 2,
    "couple": 2,
    "week": 7,
    "fortnight": 14,
    "month": 30,
    "decade": 10,
    "dozen": 12,
}
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|(?<![\d.])\.\d+)"
_QUANTITY = re.compile(
    rf"(?P<sign>(?<![\w)\]])[-−])?(?P<digits>{_DIGITS})"
    r"(?:\s*(?:(?P<percent>%|percent\b|per cent\b)|(?P<scale>thousand|million|billion|trillion)\b))?",
    re.IGNORECASE,
)
_NUMBER = rf"[-−]?{_DIGITS}(?:st|nd|rd|th)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:\s*(?:,\s*and|,|and|&)\s*{_NUMBER})+")
_BRACKETED = re.compile(r"[\[(]([-−\d.,\s]+)[\])]")
_NAME = r"(?:[A-Z](?:\.[A-Z])+\.?|[A-Z0-9][\w'’-]*)"
_PROPER = rf"{_NAME}(?:\s(?:of\s(?:the\s)?|the\s|de\s)?{_NAME})*"
_QUOTED = r"\"[^\"]+\"|'[^']+'|“[^”]+”"
_LOWER = r"[a-z][\w-]+"
_COMMON = frozenset(
    """a an and are as at be but by can could do does for from give given had has have how i if in into is it its
    just me my next of on or our out please should so than that the their them then there these they this those to
    up use using want was we were what when where which while who why will with would you your""".split()
)

_FORMULA_TOKEN = re.compile(
    rf"(?P<number>[$€£]?{_DIGITS}(?!\w)|\bpi\b|π)"
    r"|(?P<sign>\*\*|//|[-+*/%^!°²³√×÷·−(),])"
    r"|(?P<function>\b(?:square\s+root|[a-z]+(?=\()))"
    r"|(?P<after>\b(?:percent|per cent|squared|cubed|degrees)\b)"
    r"|(?P<link>\b(?:plus|minus|times|over|divided|multiplied|by|of|mod|to|the|power|x)\b)"
    r"|(?P<other>\w+|[^\w\s])",
    re.IGNORECASE,
)
_MERE_LINKS = frozenset(("of", "by", "to", "the"))
_DATED = re.compile(r"\d+(?:[-/−]\d+)+")
_ENDINGS = """ically ations ation ating ated ates ate ities ity ally ings ing ical ics ies ers ors er or es ed al ic ly
    s e y""".split()


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number that the question names."""

    value: Decimal
    digits: str
    """As written, without sign and separators."""
    percent: bool = False
    written: bool = True
    """In digits; False for words such as `two`."""


def quantities(question: str) -> tuple[Quantity, ...]:
    """The numbers of a question in order, written in digits ("$1.2 million", "17%") or as words up to twelve."""
    found: list[tuple[int, Quantity]] = []
    for match in _QUANTITY.finditer(question):
        digits = match["digits"].replace(",", "")
        scale = _SCALES.get((match["scale"] or "").lower(), 0)
        value = Decimal(digits).scaleb(scale)
        found.append(
            (
                match.start(),
                Quantity(value=-value if match["sign"] else value, digits=digits, percent=bool(match["percent"])),
            )
        )
    found.extend(
        (match.start(), Quantity(value=Decimal(_WORDS[match[0]]), digits=str(_WORDS[match[0]]), written=False))
        for match in re.finditer(r"[a-z]+", question.lower())
        if match[0] in _WORDS
    )
    return tuple(quantity for _, quantity in sorted(found, key=lambda item: item[0]))


def spans(question: str) -> set[Decimal]:
    """Numbers that words stand for without naming them: "next week" may be 7 days, "twice" 2."""
    said = set(re.findall(r"[a-z]+", question.lower()))
    return {Decimal(number) for word, number in _SPANS.items() if word in said or word + "s" in said}


def number_lists(question: str) -> list[list[Decimal]]:
    """Numbers that the question names in a row: "[200,300,400]", "2nd, 3rd and 4th"."""
    bracketed = [match[1] for match in _BRACKETED.finditer(question)]
    lists = [[_decimal(part) for part in re.findall(r"[-−]?\d+(?:\.\d+)?", inside)] for inside in bracketed]
    rows = _NUMBERS.finditer(_BRACKETED.sub(" ; ", question))
    return lists + [[_decimal(part) for part in re.findall(_NUMBER, row[0])] for row in rows]


def whole_codes(value: str, question: str) -> str:
    """The value, drawn out to whole words where the question has it as a part of a code ("s6034464" of "rs6034464").

    A code has digits or only capitals. Ordinary words stay: cutting them short ("asc", "sculpture") may be meant.
    """
    start = question.find(value)
    if start < 0 or len(value) < 3:
        return value
    for match in re.finditer(r"\w+", question):
        code = match[0].isupper() or any(character.isdigit() for character in match[0])
        if code and match.start() <= start and start + len(value) <= match.end():
            return match[0]
    return value


def whole_formula(value: str, question: str) -> str:
    """The formula that the question has where the value is a part of it or garbles it.

    "19 + 6" of "(19 + 6) / 5" is drawn out to the whole; "8/3" is put right where the only formula of the question is
    "8 to the power of 3".
    """
    numbers = set(re.findall(r"\d+", value))
    if not numbers:
        return value
    found = formulas(question)
    if value in question:
        return next((formula for formula in found if value.strip() in formula), value)
    garbled = len(found) == 1 and numbers <= set(re.findall(r"\d+", found[0]))
    return found[0] if garbled else value


def formulas(question: str) -> list[str]:
    """The arithmetic that a question spells out, in signs or words: "(19 + 6) / 5", "square root of 81".

    Runs of numbers, operators, parentheses and functions with a number and an operation among them. What has only
    hyphens or slashes between its digits is left out: it is a date or a range.
    """
    found: list[str] = []
    run: list[re.Match[str]] = []
    for token in [*_FORMULA_TOKEN.finditer(question), None]:
        if token is not None and token.lastgroup != "other":
            run.append(token)
            continue
        while run and (run[0].lastgroup in ("link", "after") or run[0][0] in ")*/^,×÷·"):
            run.pop(0)
        while run and (run[-1].lastgroup in ("link", "function") or run[-1][0] in "(*/^,×÷·+-"):
            run.pop()
        kinds = {part.lastgroup for part in run if part[0].lower() not in _MERE_LINKS and part[0] not in "(),"}
        text = question[run[0].start() : run[-1].end()] if run else ""
        if "number" in kinds and len(kinds) > 1 and not _DATED.fullmatch(text) and not _listing(text):
            found.append(text)
        run = []
    return found


def _listing(text: str) -> bool:
    """Whether a comma stands outside all parentheses."""
    return "," in re.sub(r"\([^()]*\)|(?<=\d),(?=\d{3})", "", text)


def listed_with(value: str, question: str) -> list[str]:
    """The items of the list in which the question names the value, itself among them; empty where there is no list.

    A list is numbers, quoted texts, or names, joined by commas and an `and` ("Lakers and Bulls"); of plain words
    only three or more ("navy, purple and maroon"), because two joined by `and` are more often one thing.
    """
    number = re.fullmatch(_NUMBER, value) is not None
    shapes = ((_NUMBER, 2),) if number else ((_QUOTED, 2), (_PROPER, 2), (_LOWER, 3))
    for shape, least in shapes:
        for items in _lists(question, shape):
            if len(items) >= least and any(item.casefold() == value.casefold() for item in items):
                return items
    return []


def words(text: str) -> set[str]:
    """The words that carry meaning, cut to a stem, from text or a name such as `current_time` or `getUserInfo`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", text).lower().split()
    return {_stem(word) for word in spaced if word not in _COMMON and not word.isdigit()}


def _lists(question: str, shape: str) -> Iterator[list[str]]:
    item = rf"(?:the\s+)?(?:{shape})"
    joined = rf"(?<![\w'\"]){item}(?:\s*,\s*{item})*\s*,?\s+(?:and|or|&)\s+{item}(?![\w'\"])"
    for match in re.finditer(joined, question):
        parts = re.split(r"\s*,\s*(?:and|or|&)\s+|\s*,\s*|\s+(?:and|or|&)\s+", match[0])
        items = [re.sub(r"^the\s+", "", part).strip("'\"“”") for part in parts]
        if not any(word in _COMMON for word in items):
            yield items


def _decimal(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.eE-]|(?:st|nd|rd|th)$", "", text.replace("−", "-")))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
