"""The checks, in the order in which they are cheapest to explain to a person."""

from __future__ import annotations

from citeward.cache.safety.families import FAMILY
from citeward.cache.safety.intent import compatible
from citeward.cache.safety.opposites import OPPOSITES, turned_by_prefix
from citeward.cache.safety.quantities import differing
from citeward.cache.safety.reading import Reading, read
from citeward.cache.safety.roles import SPARE, exchanged, reversed_around

LONG = 6
"""Words of content from which on a single one does not decide what a text is about."""
ORDERED = 8
"""Words of content from which on a text has clauses that can be moved."""


def conflict(a: str, b: str) -> str:
    """Why two questions must not share an answer; empty where no check objects.

    Symmetric, pure, and without a model: about 0.1 ms for texts that were not read before.

    >>> conflict("How do I enable logging?", "How do I disable logging?")
    'opposites'
    >>> conflict("How do I reset my password?", "How can I reset my password?")
    ''
    """
    one, other = read(a), read(b)
    alike = one.words == other.words and one.identifiers == other.identifiers
    if alike and one.quantities == other.quantities and one.words:
        return ""
    if not (one.english and other.english):
        return "language"
    if reason := differing(one.quantities, other.quantities):
        return reason
    if one.negations != other.negations or one.ended != other.ended:
        return "negation"
    if not compatible(one.intent, other.intent):
        return "intent"
    for check in (_identifiers, _names, _family, _opposites, _prefix, _grammar, _order, _decisive):
        if reason := check(one, other):
            return reason
    return ""


def _identifiers(one: Reading, other: Reading) -> str:
    missing = [name for name in one.identifiers if not _says(other, name)]
    missing += [name for name in other.identifiers if not _says(one, name)]
    return "identifiers" if missing else ""


def _says(reading: Reading, name: str) -> bool:
    if name in reading.plain:
        return True
    parts = name.split()
    return len(parts) > 1 and all(part.strip(".,") in reading.plain for part in parts)


def _names(one: Reading, other: Reading) -> str:
    missing = (name for a, b in ((one, other), (other, one)) for name in a.names if not _named(b, name))
    return "names" if any(missing) else ""


def _named(reading: Reading, name: str) -> bool:
    pieces = name.split("-")
    return name in reading.plain or all(
        piece in reading.plain or piece.removesuffix("s") in reading.plain or f"{piece}s" in reading.plain
        for piece in pieces
    )


def _family(one: Reading, other: Reading) -> str:
    mine, yours = _members(one), _members(other)
    differ = any(mine[kind] != yours[kind] for kind in mine.keys() & yours.keys())
    return "things of a kind" if differ else ""


def _members(reading: Reading) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for word in reading.words:
        for kind, name in FAMILY.get(word) or FAMILY.get(word.removesuffix("s")) or ():
            found[kind] = found.get(kind, frozenset()) | {name}
    return found


def _opposites(one: Reading, other: Reading) -> str:
    mine, yours = one.stems - other.stems, other.stems - one.stems
    for left, right in OPPOSITES:
        if (not mine.isdisjoint(left) and not yours.isdisjoint(right)) or (
            not mine.isdisjoint(right) and not yours.isdisjoint(left)
        ):
            return "opposites"
    return ""


def _prefix(one: Reading, other: Reading) -> str:
    mine = set(one.words) - set(other.words)
    yours = set(other.words) - set(one.words)
    pairs = ((a, b) for a in mine for b in yours if abs(len(a) - len(b)) <= 5)
    return "opposites" if any(turned_by_prefix(a, b) for a, b in pairs) else ""


def _grammar(one: Reading, other: Reading) -> str:
    if one.tenses != other.tenses:
        return "tense"
    if one.modes and other.modes and one.modes != other.modes:
        return "modality"
    if one.superlative != other.superlative:
        return "degree"
    if one.whose and other.whose and one.whose != other.whose:
        return "whose"
    return ""


def _order(one: Reading, other: Reading) -> str:
    """Only short texts of about the same words are compared: a paraphrase in other words has its own grammar."""
    if len(set(one.content) ^ set(other.content)) > SPARE or _shorter(one, other) >= ORDERED:
        return ""
    if exchanged(one.objects, other.objects, one.content, other.content):
        return "order"
    turned = one.passive == other.passive and reversed_around(one.content, other.content)
    return "order" if turned else ""


def _decisive(one: Reading, other: Reading) -> str:
    """One says all that the other says and something more, or has one word in the place of another."""
    mine, yours = set(one.content) - set(other.content), set(other.content) - set(one.content)
    words = _shorter(one, other)
    if bool(mine) != bool(yours) and (words < LONG or len(mine | yours) > words / 4):
        return "narrower"
    return "another word" if words < LONG and len(mine) == len(yours) == 1 else ""


def _shorter(one: Reading, other: Reading) -> int:
    return min(len(set(one.content)), len(set(other.content)))
