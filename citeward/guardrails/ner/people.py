"""Names of people and bodies by rules: what stands before or around a name tells what it is."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from citeward.guardrails.ner.words import COMPANY, FUNCTION, HONORIFICS, JOB, UNITS, either, is_first_name, is_people
from citeward.text.sentences import Span

_CAP = rf"(?!(?i:{either(UNITS)})\b\.?[ ]?\d)\p{{Lu}}(?:[\w-]|['’](?!s\b))*"
_INITIAL = r"\p{Lu}\.?"
_JOIN = r"(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|ter|zu)"
NAME = rf"{_CAP}(?:[ ]{{1,2}}(?:{_INITIAL}(?=[ ])|(?:{_JOIN}[ ]){{0,2}}{_CAP})){{0,3}}"
_SUFFIX = r"(?:,?[ ](?:Jr|Sr|DDS|MD|PhD|DVM|Esq|II|III|IV|V)\b\.?)?"

_CUES = regex.compile(
    rf"""(?i:\b(?:
      (?:my|his|her|their|the|first|last|full|user|account|partner['’]?s|whose)\s(?:\w+\s)?name\s?(?:is|was|:|to)(?:\salso)?
    | name\?\s{{1,3}}(?:\w+:\s)?(?:it['’]s\s|it\sis\s|my\sname\sis\s)?(?=\p{{Lu}})
    | name(?:['’]s|\son\sthe\saccount\sis)|names?:|(?:call|calls|called|named|names)(?:\s(?:me|him|her|them|us))?
    | (?:directed|written|produced|sung|composed|signed|painted|founded|performed|arranged|starring|featuring)(?:\s(?:and\s\w+\s)?by)?:?
    | (?:hi|hello|hey|dear|attn|attention|sincerely|regards|cheers|thanks|cc|bcc|from|author|patient|contact|client|customer|employee|tenant|owner|user|bot):?
    | i['’]m|i\sam|this\sis|it['’]s\sunder|under|by|meet|ask|asked|told|said|says|with|between|see|add|follow\sup\swith
    | (?:brother|sister|father|mother|son|daughter|wife|husband|partner|friend|kid|child|boss|uncle|aunt|cousin|neighbou?r|doctor|producer|songwriter|singer|actor|actress|director|player|author|president|senator|colleague)s?,?(?:\s(?:is|was))?
    ))[,:]?\s{{1,6}}(?P<it>{NAME}{_SUFFIX})""",
    regex.VERBOSE,
)
_STRONG = regex.compile(
    r"(?i)\bname|\bcall|\bdear\b|\bhi\b|\bhello\b|\bhey\b|directed|starring|sincerely|regards|patient|partner|kid\b"
    r"|brother|sister|father|mother|husband|wife|producer|songwriter"
)
_TITLED = regex.compile(
    rf"(?<![\w.])(?P<title>(?i:{HONORIFICS})(?:\.|\b))(?P<name>[ ]{NAME}{_SUFFIX})?", regex.VERBOSE
)
_INITIALED = regex.compile(rf"(?<![\w.])\p{{Lu}}[\p{{Ll}}'’-]+[ ]\p{{Lu}}\.?[ ](?:{_JOIN}[ ])?\p{{Lu}}[\w'’-]+{_SUFFIX}")
_SUFFIXED = regex.compile(rf"(?<![\w.]){NAME},?[ ](?:Jr|Sr|DDS|MD|PhD|DVM|II|III|IV)\b\.?")
_SAYS = regex.compile(rf"(?<![\w.])(?P<it>{NAME})(?=[ ](?:said|says|told|asked|replied|wrote|listed|lives|lived|began|flew)\b)")
_SAID = regex.compile(rf"(?i:[\"”'],?[ ]?(?:said|says|asked|replied))[ ](?P<it>{NAME})")
_VOCATIVE = regex.compile(
    rf"(?:^|[.!?]\s{{1,3}})(?P<it>{NAME})(?=,[ ](?:can|could|would|will|please|do|did|are|is|i|you|we|what|where|how|thanks|thank)\b)"
)
_NAMED = regex.compile(rf"(?<![\w.-])(?P<first>\p{{Lu}}\p{{L}}+)(?:[ ](?:{_INITIAL}(?=[ ])|(?:{_JOIN}[ ]){{0,2}}{_CAP})){{1,3}}{_SUFFIX}")
_FIRST = regex.compile(r"(?<![\w.-])\p{Lu}\p{Ll}+(?![\w-]|[ ]\p{Lu})")
_LINE = regex.compile(rf"(?m)^[ \t>?]*(?P<it>{NAME}{_SUFFIX})[ \t]*,?$")
_SPEAKER = regex.compile(r"(?m)^[ \t>]*(?P<it>\p{Lu}[\p{L}'’.-]+(?:[ ]\p{Lu}[\p{L}'’.-]*){0,2}):(?=[ ]?[\"“])")

_COMPANY = regex.compile(
    rf"(?<![\w.])(?:{_CAP}|\d+)(?:[ ](?:{_CAP}|&|and|of|\d+|for)){{0,4}},?[ ](?P<last>\p{{Lu}}[\p{{L}}.]*)(?!\w)"
)
_FIRM = regex.compile(rf"(?<![\w.]|[:,][ ]){_CAP},[ ]{_CAP},?[ ](?:and|&)[ ]{_CAP}")
_PAIR = regex.compile(r"(?<![\w.-])\p{Lu}\p{Ll}+-\p{Lu}\p{Ll}+(?![\w-])")
_WORKS = regex.compile(
    rf"""(?i:\b(?:work(?:s|ed|ing)?[ ](?:for|at)|employed[ ](?:by|at)|ceo[ ]of|cto[ ]of|founders?[ ]of|hired[ ]by|interned[ ]at
    |(?:the[ ])?(?:company|firm|startup|employer)(?:[ ](?:is|called|named))?))[ ](?P<it>{NAME})""",
    regex.VERBOSE,
)
_IS_A = regex.compile(
    rf"(?<![\w.])(?P<it>{NAME})(?=[ ]is[ ](?:an?|the)[ ](?:[\w-]+[ ]){{0,4}}(?:company|firm|agency|bank|startup|brainchild|provider|manufacturer|corporation|organi[sz]ation))"
    rf"|(?<=\b[Tt]he[ ])(?P<it>{NAME})(?=[ ](?:office|website|headquarters|orchestra|team|board|app|resignation)\b)",
    regex.IGNORECASE & 0,
)
_JOB = regex.compile(rf"(?<![\w-])(?:(?:\p{{L}}[\p{{L}}'-]*|,|and|&)[ ]){{0,5}}?(?i:{JOB})(?![\w-])")
_JOB_AS = regex.compile(
    rf"(?i:\b(?:as|am|is|was|be|became|the|position[ ]of|role[ ]of|job[ ]of|job:|title:|occupation:|profession:)(?:[ ]an?)?)[ ](?P<it>(?:[\p{{L}}'/-]+,?[ ]){{0,4}}?(?i:{JOB})(?:,[ ]\p{{Ll}}+)?)(?=[.,;:!?)]|$|[ ](?:at|for|in|of|and|but)\b)"
)
_JOB_LINE = regex.compile(rf"(?m)^[ \t>?]*(?P<it>(?:[\p{{L}}'/-]+,?[ ]){{0,4}}(?i:{JOB})(?:,[ ]\p{{L}}+(?:[ ]\p{{L}}+)?)?)[ \t]*$")


def titled(text: str) -> Iterator[tuple[Span, Span | None]]:
    """Honorifics, each with the name that follows it."""
    for match in _TITLED.finditer(text):
        word = match["title"]
        if match["name"] is None and not word.endswith("."):
            continue
        if match["name"] is not None and _common(match["name"].strip()):
            continue
        name = Span(match.start("name") + 1, match.end("name")) if match["name"] else None
        yield Span(*match.span("title")), name


def jobs(text: str) -> Iterator[Span]:
    """What somebody does for a living, where the sentence or the line says that it is that."""
    for pattern in (_JOB_AS, _JOB_LINE):
        for match in pattern.finditer(text):
            yield Span(*match.span("it"))


def surely(text: str) -> Iterator[Span]:
    """Names that their surroundings make certain, whatever the model takes them for."""
    for match in _CUES.finditer(text):
        if _STRONG.search(text, match.start(), match.start("it")) and not _common(match["it"]):
            yield from _cut(match["it"], match.start("it"))
    for pattern in (_INITIALED, _SUFFIXED):
        for match in pattern.finditer(text):
            if not company(match[0]) and not _common(match[0]):
                yield Span(*match.span())
    for pattern in (_SPEAKER, _VOCATIVE):
        for match in pattern.finditer(text):
            if not _common(match["it"]):
                yield Span(*match.span("it"))
    for match in _NAMED.finditer(text):
        if is_first_name(match["first"]) and not company(match[0]):
            yield Span(*match.span())


def firsts(text: str) -> Iterator[Span]:
    """First names that stand alone."""
    for match in _FIRST.finditer(text):
        if is_first_name(match[0]):
            yield Span(*match.span())


def likely(text: str) -> Iterator[Span]:
    """Where a name may stand: what the model takes for something else there is rather a name."""
    for pattern in (_CUES, _SAYS, _SAID):
        for match in pattern.finditer(text):
            yield from _cut(match["it"], match.start("it"))


def lines(text: str) -> Iterator[Span]:
    """Lines that hold nothing but a name, as over an address or under a letter."""
    for match in _LINE.finditer(text):
        if not _common(match["it"]) and not company(match["it"]):
            yield Span(*match.span("it"))


def bodies(text: str) -> Iterator[Span]:
    """Names of companies and other bodies."""
    for match in _COMPANY.finditer(text):
        if match["last"].rstrip(".").casefold() in COMPANY:
            start = match.start()
            first = regex.match(r"\w+", match[0])
            while first and first[0].casefold() in FUNCTION:
                start += len(first[0]) + 1
                first = regex.match(r"\w+", text[start : match.end()])
            if start < match.start("last"):
                yield Span(start, match.end() - (match[0].endswith(".") and not _dotted(match["last"])))
    for pattern in (_FIRM, _PAIR):
        for match in pattern.finditer(text):
            if not any(is_first_name(word) for word in regex.findall(r"\p{L}+", match[0])):
                yield Span(*match.span())
    for pattern in (_WORKS, _IS_A):
        for match in pattern.finditer(text):
            if not _common(match["it"]):
                yield Span(*match.span("it"))


def company(name: str) -> bool:
    """Whether a name ends as those of companies do."""
    return regex.split(r"[ ,.]+", name.rstrip("."))[-1].casefold() in COMPANY


def _dotted(last: str) -> bool:
    return last.casefold() in ("inc.", "ltd.", "co.", "corp.", "llc.", "bros.")


def _cut(name: str, start: int) -> Iterator[Span]:
    """The name up to the first word that is none."""
    end = 0
    for match in regex.finditer(r"\S+", name):
        word = match[0].strip(".,'’")
        if word.casefold() in FUNCTION or is_people(word):
            break
        end = match.end()
    if end:
        yield Span(start, start + end)


def _common(name: str) -> bool:
    first = name.split()[0].strip(".,'’").casefold()
    return first in FUNCTION or regex.split(r"['’]", first)[0] in FUNCTION
