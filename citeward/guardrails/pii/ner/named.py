"""Names and places in a sentence: the model's guesses, corrected and completed by rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.ner import dates, model, people, places
from citeward.guardrails.pii.ner.model import Entity
from citeward.guardrails.pii.ner.words import FUNCTION, JOB, NO_NAMES, countries, is_first_name, is_people
from citeward.text.sentences import Span

_RULE, _MODEL, _CUED = 0.9, 0.85, 0.75
_PLACES = frozenset({"GPE", "LOC", "FAC"})
_NAMES = frozenset({"PERSON", "ORG", *_PLACES, "PRODUCT", "WORK_OF_ART", "EVENT", "NORP", "LAW"})
_LONG_DATE = 6
"""Characters from which a date cannot be taken for the number of a house."""

_WORD = regex.compile(r"\p{L}+")
_LETTER = regex.compile(r"\p{L}")
_CAPITALISED = regex.compile(r"\p{Lu}\p{L}*")
_CAPITALS = regex.compile(r"(?<![\p{L}\d])\p{Lu}{4,}(?![\p{L}\d])")
_PEOPLE = regex.compile(r"(?<![\w-])\p{L}{3,}(?![\w-])")
_IN = regex.compile(r"\b(?:[Ii]n|near|from)[ ]\Z")
_A_JOB = regex.compile(rf"(?i)\b(?:{JOB})\b")


def named(text: str, before: str = "", /) -> Sequence[Finding]:
    """What is named in `text`, in order, without overlaps.

    Args:
        text: A sentence or a few, at most some hundred characters.
        before: What stands before it, as context; nothing is looked for there.
    """
    if not _LETTER.search(text):
        return ()
    whole, shift = before + text, len(before)
    small = not any(map(str.isupper, whole))
    # Most sentences name nobody, and the model takes ten times as long as all the rules.
    guesses = model.entities(_cased(whole)) if small or _may_name(text) else ()
    kept: list[Finding] = []
    for found in _ranked(_cased(whole), guesses, small=small):
        if found.end <= shift:
            continue
        start, end = max(found.start, shift) - shift, found.end - shift
        if all(end <= other.start or other.end <= start for other in kept):
            kept.append(Finding(kind=found.kind, start=start, end=end, score=found.score))
    return tuple(sorted(kept, key=lambda one: one.start))


def _cased(text: str) -> str:
    """The text as the model and the rules know names: with capitals where it has none, and only at the beginning of
    words that have nothing else. Its length stays.
    """
    if not any(map(str.isupper, text)):
        return _WORD.sub(lambda match: match[0] if match[0] in FUNCTION else _capitalised(match[0]), text)
    return _CAPITALS.sub(lambda match: _capitalised(match[0]), text)


def _capitalised(word: str) -> str:
    written = word[0].upper() + word[1:].lower()
    return written if len(written) == len(word) else word


def _may_name(text: str) -> bool:
    """Whether a word has a capital that does not only begin a sentence."""
    return any(match[0].casefold() not in FUNCTION for match in _CAPITALISED.finditer(text))


def _ranked(text: str, entities: Iterable[Entity], *, small: bool) -> Iterator[Finding]:
    """Everything found, what is surest first; `small` where the text itself has no capitals."""
    guesses = [guess for guess in (_bare(text, one) for one in entities) if guess is not None]
    if small:
        guesses = [guess for guess in guesses if _trusted(text, guess)]
    sure, likely, bodies = list(people.surely(text)), list(people.likely(text)), list(people.bodies(text))
    titles, when, ages = list(people.titled(text)), list(dates.dates(text)), list(dates.ages(text))
    names = [*sure, *(one.name for one in titles if one.name)]
    known = [
        Span(guess.start, guess.end)
        for guess in guesses
        if guess.label in _PLACES and not _meets(guess, [*likely, *bodies]) and not _is_person(text, guess)
    ]
    spots = list(places.places(text, known, [*names, *ages]))
    addresses = [spot for spot in spots if any(map(str.isdigit, text[spot.start : spot.end]))]
    yield from (_finding("AGE", age, _RULE) for age in ages)
    yield from (_finding("DATE_TIME", date, _RULE) for date in when if date.end - date.start >= _LONG_DATE)
    yield from (_finding("LOCATION", spot, _RULE) for spot in addresses)
    for one in titles:
        yield _finding("TITLE", one.title, _RULE)
        if one.name:
            yield _finding("PERSON", one.name, _RULE)
    found = [_finding("PERSON", name, _RULE) for name in sure]
    found += (_finding("ORGANIZATION", body, _RULE) for body in bodies)
    found += (_finding("TITLE", job, _CUED) for job in people.jobs(text))
    if spots:
        found += _signature(text, spots[0].start)
    found += (_finding("LOCATION", spot, _MODEL) for spot in spots)
    found += (_finding("DATE_TIME", date, _CUED) for date in when)
    found += (_finding("NRP", Span(*match.span()), _MODEL) for match in _PEOPLE.finditer(text) if is_people(match[0]))
    found += _guessed(text, guesses, likely)
    found += (_finding("PERSON", name, _CUED) for name in people.firsts(text))
    yield from found
    yield from _again(text, [finding for finding in found if finding.kind == "PERSON"])


def _signature(text: str, upto: int) -> Iterator[Finding]:
    """Lines over an address: who lives there, and whom they work for."""
    first = ""
    for line in people.lines(text):
        name = text[line.start : line.end]
        if line.end > upto or (not first and " " not in name):
            break
        yield _finding("PERSON" if name in (first or name) else "ORGANIZATION", line, _CUED)
        first = first or name


def _again(text: str, persons: Iterable[Finding]) -> Iterator[Finding]:
    """Parts of a full name that stand alone elsewhere in the text."""
    words = {word for one in persons for word in _WORD.findall(text, one.start, one.end) if len(word) > 3}
    words = {word for word in words if word.casefold() not in FUNCTION | NO_NAMES}
    for match in _WORD.finditer(text):
        if match[0] in words:
            yield _finding("PERSON", Span(*match.span()), _CUED)


def _guessed(text: str, guesses: Sequence[Entity], likely: Sequence[Span]) -> Iterator[Finding]:
    for guess in guesses:
        kind = _kind(text, guess, likely)
        if kind:
            yield _finding(kind, Span(guess.start, guess.end), _MODEL)


def _kind(text: str, guess: Entity, likely: Sequence[Span]) -> str | None:
    """What a guess is taken for, with a look at its words and at those before; None for what is no name."""
    words = text[guess.start : guess.end]
    if words.casefold() in NO_NAMES or guess.label not in _NAMES:
        return None
    if words in countries():
        return "LOCATION"
    if people.is_company(words):
        return "ORGANIZATION"
    if guess.label == "PERSON" or _meets(guess, likely):
        return "PERSON"
    if guess.label in ("ORG", *_PLACES) and _is_person(text, guess):
        return "PERSON"
    if guess.label in _PLACES:
        return "LOCATION"
    if guess.label != "ORG":
        return None
    if _IN.search(text, max(0, guess.start - 6), guess.start):
        return "LOCATION"
    # Two words, one with letters that English does not have, are mostly a foreigner's name.
    return "PERSON" if " " in words and not words.isascii() else "ORGANIZATION"


def _is_person(text: str, guess: Entity) -> bool:
    """Whether what the model takes for a place or a body is rather a person, or a people."""
    words = _WORD.findall(text, guess.start, guess.end)
    return bool(words) and (is_first_name(words[0]) or is_people(words[0]))


def _trusted(text: str, guess: Entity) -> bool:
    """Whether a guess about a text without capitals, which the model has not learned to read, can be used."""
    words = text[guess.start : guess.end]
    if guess.label == "PERSON":
        return is_first_name(words.split()[0]) or (" " in words and not _A_JOB.search(words))
    return guess.label == "GPE" and words in countries()


def _bare(text: str, guess: Entity) -> Entity | None:
    """The guess without what is no part of a name; None where nothing is left."""
    start, end = guess.start, guess.end
    line_end = text.find("\n", start, end)
    end = line_end if line_end > start else end
    if text.endswith(("'s", "’s"), start, end):
        end -= 2
    while True:
        while start < end and not text[start].isalnum():
            start += 1
        while end > start and not text[end - 1].isalnum():
            end -= 1
        first = _WORD.match(text, start, end)
        if first is None or first[0].casefold() not in FUNCTION:
            break
        start = first.end()
    name = text[start:end]
    if end - start < 2 or name.islower() or not _LETTER.search(name):
        return None
    return Entity(start=start, end=end, label=guess.label)


def _meets(guess: Entity, spans: Iterable[Span]) -> bool:
    return any(guess.start < span.end and span.start < guess.end for span in spans)


def _finding(kind: str, span: Span, score: float) -> Finding:
    return Finding(kind=kind, start=span.start, end=span.end, score=score)
