"""What kind of answer a question asks for, told from its words."""

from __future__ import annotations

import re
from enum import StrEnum

from citeward.text.words import stem


class Kind(StrEnum):
    """The kind of thing that answers a question."""

    NUMBER = "number"
    DATE = "date"
    PERSON = "person"
    PLACE = "place"
    REASON = "reason"
    METHOD = "method"
    """How something is done."""
    OTHER = "other"


_ASKS = {
    Kind.NUMBER: r"\bhow (?:many|much|long|old|far|large|big|tall|high|deep|fast|often|wide|few|heavy)\b"
    r"|\b(?:what|which) (?:percent|percentage|number|proportion|amount|fraction|share|size|age|distance|temperature"
    r"|population|price|cost|port|version)s?\b|\bpercentage\b",
    Kind.DATE: r"\bwhen (?:did|was|were|is|has|had|will)\b|\b(?:what|which) (?:year|date|day|month|century|decade|era"
    r"|season|period)s?\b|\bhow (?:recently|early|late)\b",
    Kind.PERSON: r"\bwho(?:m|se)?\b|\b(?:what|which) (?:person|player|team|company|president|king|queen|author"
    r"|scientist|actor|artist|group|singer|leader|architect)s?\b",
    Kind.PLACE: r"\bwhere (?:did|was|were|is|are|does|do)\b|\b(?:what|which) (?:city|country|state|place|location|area"
    r"|region|town|river|island|street|stadium|county|continent|province|building)\b",
    Kind.REASON: r"\bwhy\b|\bwhat (?:caused|reason)",
    Kind.METHOD: r"\bhow (?:do|can|could|should|would|might) (?:i|we|you|one)\b|\bhow to\b|\b(?:which|what) command\b",
}
_ASK = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKS.items()}
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half"
    r"|third|quarter|once|twice|one|percent|single|several|many|majority|most)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|BCE?|AD)\b|\bcentur(?:y|ies)\b|\bdecade"
    r"|\b\d+ (?:years|months|days|weeks)"
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'’-]+")
_PLACE = re.compile(
    r"\b(?:in|at|near|from|to|of|into|around|along|through|between|across|on)\s+(?:the\s+)?(?:[a-z]+\s+){0,2}[A-Z]\w+"
)
_PLACE_WORD = re.compile(
    r"\b(?:in|inside|outside|within|behind|under|below|above|between|folder|file|floor|side|area|region|place|located)\b"
)
_INSTRUCTION = re.compile(
    r"\s*(?:(?:then|next|first|finally|to [^,.]{3,60},)\s+)?(?:add|call|change|check|choose|click|configure|copy|create"
    r"|declare|define|delete|edit|enable|enter|export|follow|get|give|go|import|index|install|make|mark|move|name|open"
    r"|override|pass|pick|press|put|read|remove|rename|replace|reinstall|restart|run|see|select|send|set|specify|start"
    r"|stop|turn|type|update|upgrade|use|write)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|therefore|reason|as a result|caused?|to avoid|result)\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> Kind:
    """What the question asks for.

    >>> kind_of("How many dimensions are there?")
    <Kind.NUMBER: 'number'>
    """
    return next((kind for kind, pattern in _ASK.items() if pattern.search(question)), Kind.OTHER)


def answers(kind: Kind, sentence: str, asked: frozenset[str]) -> bool | None:
    """Whether the sentence holds a thing of that kind beside what the question itself says; None where any will do.

    Args:
        kind: What is asked for.
        sentence: A candidate.
        asked: Stems of the question's content words: a name that the question says is not its answer.
    """
    if kind is Kind.NUMBER:
        return bool(_NUMBER.search(sentence))
    if kind is Kind.DATE:
        return bool(_DATE.search(sentence))
    if kind is Kind.PERSON:
        return any(stem(name.lower()) not in asked for name in _NAME.findall(sentence))
    if kind is Kind.PLACE:
        named = (found.split()[-1] for found in _PLACE.findall(sentence))
        return any(stem(name.lower()) not in asked for name in named) or bool(_PLACE_WORD.search(sentence))
    if kind is Kind.METHOD:
        return bool(_INSTRUCTION.match(sentence)) or ("`" in sentence and " with `" in sentence)
    if kind is Kind.REASON:
        return bool(_REASON.search(sentence))
    return None
