"""Addresses and places by rules: streets of many countries, parts of buildings, postcodes, states, countries.

An address is one finding, from the number of the house to the country, over line ends and commas: its parts together
say where somebody lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex

from citeward.guardrails.pii.ner.words import (
    FUNCTION,
    STATE_NAMES,
    STATES,
    STREET,
    STREET_BEFORE,
    STREET_INSIDE,
    UNITS,
    countries,
    either,
    is_people,
)
from citeward.text.sentences import Span

# A word with a capital; particles join them, as in Rua do Arenque.
_CAP = r"\p{Lu}[\w'’-]*\.?"
_PARTICLE = (
    r"(?:d[aeiou]s?|del|della|dei|delle|der|den|des|di|du|la|las|le|les|los|lo|el|en|am|im|an|zu|zum|zur|van|y|e|al|u"
    r"|l'|d')"
)
_NAME = rf"{_CAP}(?:[ ]{_PARTICLE}){{0,2}}(?:[ ]{_CAP}(?:[ ]{_PARTICLE}){{0,2}})"
_HOUSE = r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?"
_NO = r"(?:n[º°.r]\.?[ ]?)?"
_STREET = f"(?i:(?:{either(STREET)})s?)"
_BEFORE = f"(?i:{either(STREET_BEFORE)})"
_INSIDE = f"(?i:{either(STREET_INSIDE)})"
_UNIT = rf"(?i:\b(?:{either(UNITS)})\.?[ ]?\#?\d{{1,5}}[a-z]?\b)"

_ADDRESS = regex.compile(
    rf"""
    (?<![\w.,-])(?:
      # 24 Clarke Avenue; 17151 2450 Crown St
      (?:{_HOUSE},?[ ]){{1,2}}{_NAME}{{0,4}}[ ]{_STREET}\b\.?
    | # Rua do Arenque 1634; 36 rue de Pologne
      (?:{_HOUSE},?[ ]){{1,2}}{_BEFORE}\.?[ ](?:{_PARTICLE}[ ]){{0,2}}{_NAME}{{0,4}}(?:,?[ ]{_NO}{_HOUSE}\b)?
    | {_BEFORE}\.?[ ](?:{_PARTICLE}[ ]){{0,2}}{_NAME}{{0,4}},?[ ]{_NO}{_HOUSE}\b
    | # Villacher Strasse 89; Koskikatu 25; Erzsébet tér 19.
      (?:{_HOUSE},?[ ])?(?:{_CAP}[ ](?:\p{{Ll}}+[ ])?){{0,3}}\p{{L}}*{_INSIDE}\.?[ ]{_HOUSE}\b
    | # Király u. 15.
      (?:{_HOUSE},?[ ])?(?:{_CAP}[ ]){{1,3}}u\.[ ]{_HOUSE}\b\.?
    | # 86036 Allika 46, as a street of no known kind between two numbers
      (?:{_HOUSE},?[ ]){{1,2}}{_NAME}{{0,3}}[ ]{_HOUSE}\b
    | # 70 74 Diakou
      \d{{1,6}}[ ]\d{{1,5}}[ ]{_CAP}
    | # PSC 3294, Box 9168; Unit 7349 Box 6067
      (?:PSC|Unit|CMR)[ ]\d{{1,5}},?[ ]Box[ ]\d{{1,6}} | (?i:USNS|USS|USNV|USCGC)[ ]{_CAP}(?=\s+[AFD]PO\b)
    | (?i:p\.?[ ]?o\.?[ ]?box)[ ]\d{{1,6}}
    | [AFD]PO,?[ ](?:AA|AE|AP)[ ]\d{{5}}
    | # Springfield, IL 62704
      {_NAME}{{0,3}},?[ ](?:{either(STATES)})[ ]\d{{5}}(?:-\d{{4}})?\b
    | (?:{either(STATES)})[ ]\d{{5}}(?:-\d{{4}})?\b
    | # SW1A 2AA; B0J 2H0
      [A-Z]{{1,2}}\d[A-Z\d]?[ ]\d[A-Z]{{2}}\b | [A-Z]\d[A-Z][ ]\d[A-Z]\d\b
    | {_UNIT}
    )
    """,
    regex.VERBOSE,
)
_STREET_ONLY = regex.compile(
    rf"(?<![\w-])(?!(?:The|This|That|A|An|Wall)\b){_NAME}{{0,3}}[ ]"
    r"(?i:street|avenue|road|lane|boulevard|drive|blvd|rd|ave)\b(?!\.?\w)|"
    rf"(?<![\w-])(?:{_CAP}[ ]){{0,2}}\p{{L}}+(?:strasse|straße|gatan|vägen|straat|katu|vejen|gasse)\b"
)
_POSTCODE = regex.compile(
    r"(?i:\b(?:zip|post(?:al)?)(?:[ -]?code)?s?\b[ ]?(?:number|no\.?)?(?:[ ](?:is|was|at)|:)?\s{1,4})"
    r"(?P<it>(?=[\w -]{0,8}\d)[A-Z0-9]{2,10}(?:[ -][A-Z0-9]{2,5})?)\b"
)
_CORNER = regex.compile(
    rf"(?i:corner[ ]of)[ ](?P<it>[\w.'’ -]{{2,50}}?[ ]and[ ](?:{_CAP}|{_HOUSE})(?:[ ](?:{_CAP}|{_PARTICLE}|{_HOUSE}))*)"
)
# What comes before a place, or a place's first part.
_CUE = r"""
    address(?:[ ]is|:) | live[sd]?[ ](?:at|in|on) | living[ ](?:at|in|on) | located[ ](?:at|in|on)
  | resid(?:es|ing|ed)[ ](?:at|in) | (?:is|are|was|office|restaurant|house|meet|arrived|station)[ ](?:at|on)
  | off[ ]at | mov(?:e|ed|ing)[ ](?:here[ ])?(?:to|from)
  | travel(?:l?ing|l?ed)?[ ]to | flew[ ](?:to|from) | sent[ ]to | deliver(?:ed|y)?[ ]to
  | send[ ](?:it|them|this|one|mail)[ ]to | return[ ]to | taxi[ ]to | trip[ ]to | originally[ ]from | based[ ]in
  | born[ ]in | grew[ ]up[ ]in | visit(?:ed|ing)? | i['’]m[ ](?:in|from) | i[ ]am[ ](?:in|from) | where:
"""
_LED_TO = regex.compile(
    rf"(?i:\b(?:{_CUE}))\s{{1,8}}(?P<it>(?:(?:{_HOUSE}|{_CAP})(?:,?[ ]|\b)(?:{_PARTICLE}[ ])?){{1,6}})", regex.VERBOSE
)
_STATE_NAME = regex.compile(rf"\b(?:{STATE_NAMES})\b")
_DIGIT = regex.compile(r"\d")
_GAP = regex.compile(r"[ \t,]{0,3}(?:\r?\n[ \t>?,]*){0,2}|[ ]?[-(/][ ]?")
_CODE = r"\d{2,6}(?:-\d{2,4})?[A-Z]{0,2}|[A-Z]{1,2}-\d{3,6}|[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{1,2}\d?"
_NEXT = regex.compile(
    r"(?P<gap>,?[ ]{1,2}|[ ]/[ ]|\.?[ \t,]*(?:\r?\n[ \t>?,]*){1,2})"
    rf"(?P<word>{_CODE}|(?:{_PARTICLE}[ ])?\p{{Lu}}[\w'’-]*|nan\b|{_UNIT})(?![\w@:]|[.]\w)"
)
_CORNER_BEFORE = regex.compile(rf"(?<![\w-]){_CAP}[ ](?:and|&)[ ]\Z")
_NUMBER_BEFORE = regex.compile(r"(?<![\w.,/-])\d{1,6}[A-Za-z]?,?[ ]\Z")


def places(text: str, known: Iterable[Span] = (), stops: Iterable[Span] = ()) -> Iterator[Span]:
    """Where addresses and places stand, in order.

    Args:
        text: At most a few hundred characters.
        known: What else is known to be a place.
        stops: What is known to be something else, such as a telephone number: no address reaches into it.
    """
    barriers = sorted(stop.start for stop in stops)
    addresses = [Span(*match.span()) for match in _ADDRESS.finditer(text) if _plausible(match[0])]
    addresses += [Span(*match.span("it")) for match in _CORNER.finditer(text)]
    spans = [Span(address.start, _extended(text, address.end, barriers)) for address in addresses]
    spans += (Span(*match.span()) for match in _STREET_ONLY.finditer(text) if not _opens(match[0]))
    spans += (Span(*match.span("it")) for match in _POSTCODE.finditer(text))
    spans += (_trimmed(text, *match.span("it")) for match in _LED_TO.finditer(text) if _leads(match))
    spans += (Span(*match.span()) for match in _STATE_NAME.finditer(text))
    spans += _countries(text)
    spans += known
    yield from _joined(text, [span for span in spans if span.end > span.start])


def _countries(text: str) -> Iterator[Span]:
    names = countries()
    words = [match.span() for match in regex.finditer(r"\p{L}[\p{L}'.’]*", text)]
    place = 0
    while place < len(words):
        for count in (4, 3, 2, 1):
            end = place + count - 1
            if end < len(words) and text[words[place][0] : words[end][1]] in names:
                yield Span(words[place][0], words[end][1])
                place = end
                break
        place += 1


def _plausible(text: str) -> bool:
    """Not a count of things or a date: `3 May 2020`, `2 Days 4`."""
    words = (word for word in regex.findall(r"\p{L}+", text) if word != "Am")  # as in Am Kupfergraben
    return not any(
        word.casefold() in _NO_STREET or (word[0].isupper() and word.casefold() in FUNCTION) for word in words
    )


_NO_STREET = frozenset(
    """january february march april june july august september october november december jan feb mar apr jun jul aug sep
    sept oct nov dec gb mb kb tb ghz mhz am pm mm cm km kg ml usd eur gbp percent""".split()
)


def _leads(match: regex.Match[str]) -> bool:
    """Whether what follows may be a place; after `address` a number is asked for, since a name may follow as well."""
    if _opens(match["it"]) or is_people(match["it"].strip(" ,.")):
        return False
    return "address" not in match[0].casefold() or _DIGIT.search(match["it"]) is not None


def _opens(text: str) -> bool:
    first = regex.match(r"[\p{L}'’]+", text)
    return first is not None and first[0].casefold() in FUNCTION


def _extended(text: str, end: int, barriers: list[int]) -> int:
    """Where an address ends: what follows it in capitals or numbers, over commas and line ends, belongs to it."""
    for _ in range(14):
        match = _NEXT.match(text, end)
        if match is None:
            break
        word = match["word"]
        if word.casefold() in FUNCTION or any(
            match.start() < barrier < match.end() or barrier == match.start("word") for barrier in barriers
        ):
            break
        end = match.end()
    return end


def _trimmed(text: str, start: int, end: int) -> Span:
    while end > start and not (text[end - 1].isalnum() or text[end - 1] == "."):
        end -= 1
    tail = regex.search(rf"(?:[ ,]+{_PARTICLE})+\Z", text[start:end])
    return Span(start, start + tail.start() if tail else end)


def _joined(text: str, spans: list[Span]) -> Iterator[Span]:
    """Neighbours as one, with the number of the house that stands before."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if joined and (span.start <= joined[-1].end or _GAP.fullmatch(text, joined[-1].end, span.start)):
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    for span in joined:
        before = _NUMBER_BEFORE.search(text[max(0, span.start - 8) : span.start])
        has_number = _DIGIT.search(text, span.start, span.end)
        if has_number and not text[span.start].isdigit():
            before = before or _CORNER_BEFORE.search(text[max(0, span.start - 24) : span.start])
        yield Span(span.start - len(before[0]), span.end) if before and has_number else span
