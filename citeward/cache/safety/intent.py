"""What kind of thing a question asks for: a person, a time, a place, a reason, a number, a way, yes or no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Intent(StrEnum):
    """The kind of answer that is asked for."""

    NONE = ""
    """A statement, an order, a row of keywords."""
    WHAT = "what"
    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    WHY = "why"
    HOW = "how"
    """In which way."""
    COUNT = "how many"
    COST = "how much money"
    LENGTH = "how long"
    DISTANCE = "how far"
    RATE = "how often"
    DEGREE = "how old, tall, fast"
    POLAR = "yes or no"


_AUXILIARY = (
    "is|are|was|were|am|be|been|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would|isn't|aren't"
    "|wasn't|weren't|don't|doesn't|didn't|hasn't|haven't|can't|cannot|couldn't|shouldn't|won't|wouldn't|'s|'re"
)
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|please|ok|okay|so|and|well|just|thanks|excuse me|sorry|quick question)[\s,!.:-]+)*"
    r"(?:(?:can|could|would|will) you (?:please |kindly )?(?:tell|show|explain|let|help|give|describe|clarify)"
    r"(?: to)?(?: me| us)?(?: know| understand)?[\s,:]*"
    r"|(?:i (?:want|need|would like|wish)|i'd like|i am trying|i'm trying) to (?:know|learn|understand|find out|ask)"
    r"(?: about)?[\s,:]*|(?:do you|does anyone|does anybody) know[\s,:]*|i (?:wonder|am wondering)[\s,:]*"
    r"|tell me(?: about)?[\s,:]*|explain(?: to me)?[\s,:]*|let me know[\s,:]*|any idea[\s,:]*)?(?:please )?",
    re.IGNORECASE,
)
_IS = "(?: is|'s| are| was| were)?"
_W = "(?:what|which)"
_KINDS: tuple[tuple[Intent, str], ...] = (
    (Intent.COST, r"how much (?:money|is the price|(?:does|do|did|would|will) .{1,60}? cost)|how (?:expensive|costly)"),
    (Intent.COST, rf"{_W}{_IS} (?:the )?(?:price|cost|fee|charge)s?\b"),
    (Intent.COUNT, rf"how (?:many|much)\b|{_W}{_IS} the (?:total )?(?:number|count|amount|quantity) of"),
    (Intent.LENGTH, r"(?:for )?how (?:long|quickly|soon)\b"),
    (Intent.DISTANCE, rf"how far\b|{_W}{_IS} the distance"),
    (Intent.RATE, r"how (?:often|frequently|regularly)"),
    (Intent.WHY, rf"how come\b|why\b|for what reason|{_W}{_IS} the (?:reason|cause|purpose)s?\b|what caused?s?\b"),
    (
        Intent.DEGREE,
        r"how (?:old|tall|big|large|high|deep|wide|heavy|fast|small|strong|good|bad|hot|cold|safe|secure|accurate"
        r"|reliable)\b",
    ),
    (
        Intent.HOW,
        rf"how\b|(?:in )?{_W}{_IS} (?:the )?(?:best |right |correct |proper |easiest )?"
        r"(?:way|method|steps?|procedure|process)\b|(?:ways?|steps?|instructions?|procedure) (?:to|for)\b",
    ),
    (
        Intent.WHEN,
        rf"(?:at |in |on |since |until |by )?{_W} (?:time|day|date|year|month|week|hour|century)\b"
        rf"|{_W}{_IS} the (?:date|time|year|day|birthday|deadline)\b|(?:since )?when\b",
    ),
    (
        Intent.WHERE,
        rf"(?:in |at |from |to )?{_W} (?:place|location|country|city|town|state|region|folder|directory|address)\b"
        rf"|{_W}{_IS} the (?:location|address|place|folder|directory|path)\b|where\b",
    ),
    (
        Intent.WHO,
        rf"{_W} (?:person|people|man|woman|guy|author)\b|(?:to |by |with |from |for )?(?:whom|whose|who(?:'s|'re)?)\b"
        rf"|{_W}{_IS} the name of the (?:person|man|woman|author|founder|inventor|ceo|president)",
    ),
    (Intent.WHAT, r"(?:in |of |to |for |with |by |from |on |at |under )?(?:what(?:'s|'re)?|which)\b"),
    (Intent.POLAR, rf"(?:{_AUXILIARY})\b|is it possible|am i\b"),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), kind) for kind, pattern in _KINDS)
_CLAUSE = re.compile(r"(?:when|where|how|why|who|whose|what|which|while)\b", re.IGNORECASE)
_ASKING = re.compile(
    rf"^\S+\s+(?:{_AUXILIARY}|to|much|many|long|often|far|come|old|big|large|is|exactly)\b", re.IGNORECASE
)
_INSIDE = re.compile(
    rf",\s*((?:how|why|when|where|who|what|which)\s+(?:{_AUXILIARY}|to|many|much|long|often|far)\b.*)$", re.IGNORECASE
)
SAID: Mapping[Intent, frozenset[str]] = {
    Intent.COUNT: frozenset("many much number count amount quantity total".split()),
    Intent.COST: frozenset("much price cost fee charge money".split()),
    Intent.LENGTH: frozenset("long time".split()),
    Intent.DISTANCE: frozenset("far distance".split()),
    Intent.RATE: frozenset("often frequently regularly".split()),
    Intent.WHY: frozenset("reason cause purpose come".split()),
    Intent.HOW: frozenset("way method step steps procedure process".split()),
    Intent.WHEN: frozenset("time date day year month".split()),
    Intent.WHERE: frozenset("place location".split()),
    Intent.WHO: frozenset("person people".split()),
}
"""Words that only say which kind of answer is asked for."""
_NEUTRAL = {Intent.NONE: {Intent.WHAT, Intent.HOW}, Intent.WHAT: {Intent.NONE}, Intent.HOW: {Intent.NONE}}


def intent(text: str) -> Intent:
    """The kind of answer that a text asks for.

    >>> intent("Please tell me how many users there are"), intent("When loading fails, why is it retried?")
    (<Intent.COUNT: 'how many'>, <Intent.WHY: 'why'>)
    """
    said = text.strip().replace("’", "'")
    polite = _POLITE.match(said)
    head = said[polite.end() :] if polite else said
    inside = _INSIDE.search(head)
    if inside is not None:
        head = inside[1]
    asked = said.endswith("?") or inside is not None or len(head) < len(said)
    if _CLAUSE.match(head) and not asked and not _ASKING.match(head):
        return Intent.NONE
    for pattern, kind in _PATTERNS:
        if pattern.match(head):
            return kind
    return Intent.NONE


def compatible(one: Intent, other: Intent) -> bool:
    """Whether one answer may serve both: the same kind, or a row of keywords and a plain what or how."""
    return one is other or other in _NEUTRAL.get(one, ())
