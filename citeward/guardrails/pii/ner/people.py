"""Names of people and bodies by rules: what stands before or around a name tells what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from citeward.guardrails.pii.ner.words import (
    COMPANY,
    FUNCTION,
    HONORIFICS,
    JOB,
    UNITS,
    either,
    is_first_name,
    is_only_name,
    is_people,
)
from citeward.text.sentences import Span

# A word with a capital; not Apt. 7, and without the 's of the genitive.
_CAP = rf"(?!(?i:{either(UNITS)})\b\.?[ ]?\d)\p{{Lu}}(?:[\w-]|['’](?!s\b))*"
_INITIAL = r"\p{Lu}\.?"
_JOIN = r"(?:van|von|der|den|ten|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|ter|zu)"
_FURTHER = rf"[ ]{{1,2}}(?:{_INITIAL}(?=[ ])|(?:{_JOIN}[ ]){{0,2}}{_CAP})"
NAME = rf"{_CAP}(?:{_FURTHER}){{0,3}}"
_DEGREE = r"(?:Jr|Sr|DDS|MD|PhD|DVM|Esq|II|III|IV)\b\.?"
_SUFFIX = rf"(?:,?[ ]{_DEGREE})?"

# What comes before a name, and nothing but a name ...
_STRONG = r"""
    (?:my|his|her|their|first|last|full|user|account|partner['’]?s)\s(?:\w+\s)?name\s?(?:is|was|:|to)(?:\salso)?
  | name\?(?:\s\w+:)?(?:\s(?:it['’]s|it\sis|my\sname\sis))?
  | mein\sname\sist | ich\shei(?:ß|ss)e | je\sm['’]appelle | mon\snom\sest | me\sllamo | mi\snombre\ses | mi\schiamo
  | meu\snome\sé | chamo-me | me\schamo | ik\sheet | mijn\snaam\sis | jag\sheter | jeg\shedder | nazywam\ssię
  | mam\sna\simię | jmenuji\sse | benim\sadım | меня\sзовут | мене\sзвати | с\sуважением | με\sλένε
  | (?:mit\sfreundlichen\sgrüßen | cordialement | saludos | liebe\sgrüße),?
  | name['’]s | names?: | (?:call|calls|called|named|names)(?:\s(?:me|him|her|them|us))?
  | (?:directed|written|produced|composed|painted|performed|arranged|sung)\s(?:and\s\w+\s)?by:? | starring
  | (?:hi|hello|hey|dear|attn|attention|sincerely|regards|cheers)[:,]? | patient:?
  | (?:brother|sister|father|mother|son|daughter|wife|husband|partner|kid|child|uncle|aunt|cousin|producer|songwriter)
    (?:\s(?:is|was))?
"""
# ... and what comes before names and much else.
_WEAK = r"""
    (?:signed|founded|featuring|cc|bcc|author|contact|client|customer|employee|tenant|owner|user|bot):?
  | i['’]m | i\sam | this\sis | it['’]s\sunder | under | by | meet | asks? | asked | told | said | says | with | between
  | see | add | follow\sup\swith
  | (?:friend|boss|neighbou?r|doctor|singer|actor|actress|director|player|author|president|senator|colleague)
    (?:\s(?:is|was))?
"""
_SURELY = regex.compile(rf"(?i:\b(?:{_STRONG}))[,:]?\s{{1,6}}(?P<it>{NAME}{_SUFFIX})", regex.VERBOSE)
_MAYBE = regex.compile(rf"(?i:\b(?:{_WEAK}))[,:]?\s{{1,6}}(?P<it>{NAME}{_SUFFIX})", regex.VERBOSE)
# Of scripts without capitals: the words around it say where a name ends.
_UNCASED = regex.compile(
    r"""
      (?:我叫|我的名字(?:是|叫)|姓名(?:是|[:：])|本人|我係)[ ]?(?P<it>\p{Han}{2,4}(?:·\p{Han}{1,6})?)
      (?=[\s，。,.!！；;]|$)
    | (?:名前は|氏名は|氏名[:：]|名前[:：])[ ]?(?P<it>[\p{Han}\p{Katakana}\p{Hiragana}ー]{2,8}?)
      (?=です|と申|といい|[\s、。,.]|$)
    | (?:이름은|성함은|이름[:：]|성명[:：])[ ]?(?P<it>\p{Hangul}{2,5}?)(?=입니다|이에요|예요|이고|[\s,.]|$)
    """,
    regex.VERBOSE,
)
_TITLED = regex.compile(rf"(?<![\w.])(?P<title>(?i:{HONORIFICS})(?:\.|\b))(?P<name>[ ]{NAME}{_SUFFIX})?")
_INITIALED = regex.compile(rf"(?<![\w.])\p{{Lu}}[\p{{Ll}}'’-]+[ ]\p{{Lu}}\.?[ ](?:{_JOIN}[ ])?\p{{Lu}}[\w-]+{_SUFFIX}")
_WITH_DEGREE = regex.compile(rf"(?<![\w.]){NAME},?[ ]{_DEGREE}")
_SPEAKER = regex.compile(r"(?m)^[ \t>]*(?P<it>\p{Lu}[\p{L}'’.-]+(?:[ ]\p{Lu}[\p{L}'’.-]*){0,2}):(?=[ ]?[\"“])")
_VOCATIVE = regex.compile(
    rf"(?:^|[.!?]\s{{1,3}})(?P<it>{NAME})(?=,[ ]"
    r"(?:can|could|would|will|please|do|did|are|is|i|you|we|what|where|how|thanks|thank)\b)"
)
_NAMED = regex.compile(rf"(?<![\w.-])(?P<first>\p{{Lu}}\p{{L}}+)(?:{_FURTHER}){{1,3}}{_SUFFIX}")
_FIRST = regex.compile(r"(?<![\w.-])\p{Lu}\p{Ll}+(?![\w-]|[ ]\p{Lu})")
_SAYS = regex.compile(
    rf"(?<![\w.])(?P<it>{NAME})(?=[ ](?:said|says|told|asked|replied|wrote|lives|lived|began|flew|shouted|listed)\b)"
)
_SAID = regex.compile(rf"(?i:[\"”'],?[ ]?(?:said|says|asked|replied))[ ](?P<it>{NAME})")
_LINE = regex.compile(rf"(?m)^[ \t>?]*(?P<it>{NAME}{_SUFFIX})[ \t]*,?$")

_OF = r"(?<=\b(?:University|Bank|Ministry|Department|Church|College|Institute|School|Society)[ ])(?:of|for)"
_COMPANY = regex.compile(
    rf"(?<![\w.]){_CAP}(?:[ ](?:{_CAP}|&|and|\d+|{_OF})){{0,4}},?[ ](?P<last>\p{{Lu}}[\p{{L}}.]*)(?!\w)"
)
_BODY_OF = regex.compile(rf"(?<![\w.])(?:University|Bank|Ministry|Department)[ ](?:of|for)[ ](?:the[ ])?{NAME}")
_FIRM = regex.compile(rf"(?<![\w.]|[:,][ ]){_CAP},[ ]{_CAP},?[ ](?:and|&)[ ]{_CAP}")
_PAIR = regex.compile(r"(?<![\w.-])\p{Lu}\p{Ll}+-\p{Lu}\p{Ll}+(?![\w-])")
_WORKS = regex.compile(
    rf"""
    (?i:\b(?:work(?:s|ed|ing)?[ ](?:for|at)|employed[ ](?:by|at)|c[et]o[ ]of|founders?[ ]of|hired[ ]by|interned[ ]at
      |(?:the[ ])?(?:company|firm|startup|employer)(?:[ ](?:is|called|named))?))
    [ ](?P<it>{NAME})""",
    regex.VERBOSE,
)
_IS_BODY = regex.compile(
    rf"""
    (?<![\w.])(?P<it>{NAME})(?=[ ]is[ ](?:an?|the)[ ](?:[\w-]+[ ]){{0,4}}
      (?:company|firm|agency|bank|startup|brainchild|provider|manufacturer|corporation|organi[sz]ation)\b)
    | (?<=\b[Tt]he[ ])(?P<it>{NAME})(?=[ ](?:office|website|headquarters|orchestra|board|app|resignation)\b)""",
    regex.VERBOSE,
)
_JOB_AS = regex.compile(
    rf"""
    (?i:\b(?:as|am|is|was|be|became|the|(?:position|role|job)[ ]of|(?:job|title|occupation|profession):)(?:[ ]an?)?)[ ]
    (?P<it>(?:[\p{{L}}'/-]+,?[ ]){{0,4}}?(?i:{JOB})(?:,[ ]\p{{Ll}}+)?)
    (?=[.,;:!?)]|$|[ ](?:at|for|in|of|and|but)\b)""",
    regex.VERBOSE,
)
_JOB_LINE = regex.compile(
    rf"(?m)^[ \t>?]*(?P<it>(?:[\p{{L}}'/-]+,?[ ]){{0,4}}(?i:{JOB})(?:,[ ]\p{{L}}+(?:[ ]\p{{L}}+)?)?)[ \t]*$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Titled:
    """An honorific, and the name that follows it."""

    title: Span
    name: Span | None


def titled(text: str) -> Iterator[Titled]:
    """Mr., Dr. and their like."""
    for match in _TITLED.finditer(text):
        name = match["name"]
        if name is None and match["title"].endswith("."):
            yield Titled(title=Span(*match.span("title")), name=None)
        elif name is not None and not opens(name.strip()):
            yield Titled(title=Span(*match.span("title")), name=Span(match.start("name") + 1, match.end("name")))


def jobs(text: str) -> Iterator[Span]:
    """What somebody does for a living, where the sentence or the line says that it is that."""
    for pattern in (_JOB_AS, _JOB_LINE):
        for match in pattern.finditer(text):
            start = match.start("it")
            while (word := regex.match(r"\w+[ ]", text[start:])) and word[0].strip().casefold() in FUNCTION:
                start += word.end()
            if start < match.end("it"):
                yield Span(start, match.end("it"))


def surely(text: str) -> Iterator[Span]:
    """Names that their surroundings make certain, whatever the model takes them for."""
    for match in _SURELY.finditer(text):
        yield from _cut(match["it"], match.start("it"))
    for match in _UNCASED.finditer(text):
        yield Span(*match.span("it"))
    for pattern in (_INITIALED, _WITH_DEGREE):
        for match in pattern.finditer(text):
            if not is_company(match[0]) and not opens(match[0]):
                yield Span(*match.span())
    for pattern in (_SPEAKER, _VOCATIVE):
        for match in pattern.finditer(text):
            if not opens(match["it"]):
                yield Span(*match.span("it"))
    for match in _NAMED.finditer(text):
        if is_first_name(match["first"]) and not opens(match["first"]) and not is_company(match[0]):
            yield Span(*match.span())


def firsts(text: str) -> Iterator[Span]:
    """First names that stand alone."""
    for match in _FIRST.finditer(text):
        if is_only_name(match[0]):
            yield Span(*match.span())


def likely(text: str) -> Iterator[Span]:
    """Where a name may stand: what the model takes for something else there is rather a name."""
    for pattern in (_SURELY, _MAYBE, _SAYS, _SAID):
        for match in pattern.finditer(text):
            yield from _cut(match["it"], match.start("it"))


def lines(text: str) -> Iterator[Span]:
    """Lines that hold nothing but a name, as over an address or under a letter."""
    for match in _LINE.finditer(text):
        if not opens(match["it"]) and not is_company(match["it"]):
            yield Span(*match.span("it"))


def bodies(text: str) -> Iterator[Span]:
    """Names of companies and other bodies."""
    for match in _COMPANY.finditer(text):
        if match["last"].rstrip(".").casefold() in COMPANY:
            start = match.start()
            while (word := regex.match(r"\w+[ ]", text[start:])) and word[0].strip().casefold() in FUNCTION:
                start += word.end()
            if start < match.start("last"):
                yield Span(start, match.end() - (match[0].endswith(".") and not _keeps_stop(match["last"])))
    for match in _BODY_OF.finditer(text):
        yield Span(*match.span())
    for pattern in (_FIRM, _PAIR):
        for match in pattern.finditer(text):
            if not any(map(is_first_name, regex.findall(r"\p{L}+", match[0]))):
                yield Span(*match.span())
    for pattern in (_WORKS, _IS_BODY):
        for match in pattern.finditer(text):
            if not opens(match["it"]):
                yield Span(*match.span("it"))


def is_company(name: str) -> bool:
    """Whether a name ends as those of companies do."""
    return regex.split(r"[ ,.]+", name.rstrip("."))[-1].casefold() in COMPANY


def opens(name: str) -> bool:
    """Whether what is written with a capital begins with a word that is no name, as at the beginning of a sentence."""
    first = regex.split(r"[ '’.,]", name, maxsplit=1)[0]
    return first.casefold() in FUNCTION


def _keeps_stop(last: str) -> bool:
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
