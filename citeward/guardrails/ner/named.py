"""Names and places in a short text: the model's guesses, corrected and completed by rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from citeward.contracts.guardrail import Finding
from citeward.guardrails.ner import dates, model, people, places
from citeward.guardrails.ner.words import FUNCTION, is_first_name, is_people
from citeward.text.sentences import Span

_RULE, _CUED, _MODEL = 0.9, 0.75, 0.85
_PLACES = frozenset({"GPE", "LOC", "FAC"})
_NAMES = frozenset({"PERSON", "ORG", "GPE", "LOC", "FAC", "PRODUCT", "WORK_OF_ART", "EVENT", "NORP", "LAW"})
_WORD = regex.compile(r"\p{L}+")
_LETTER = regex.compile(r"\p{L}")
_PEOPLE = regex.compile(r"(?<![\w-])\p{L}{3,}(?![\w-])")
_IN = regex.compile(r"\b(?:in|In|near|from)[ ]\Z")
_TRUSTED = frozenset({"PERSON", "GPE"})
_NO_NAMES = frozenset("ssn iban atm pin id url api http https faq pdf csv json xml sql cvv bic swift vat tax email".split())


def named(text: str, before: str = "", /) -> Sequence[Finding]:
    """What is named in `text`, sorted, without overlaps.

    Args:
        text: A sentence or a few, at most some hundred characters.
        before: What stands before it, as context; nothing is looked for there.
    """
    whole = before + text
    if not _LETTER.search(text):
        return ()
    lower = len(before)
    kept: list[Finding] = []
    for finding in _ranked(_cased(whole), small=whole.islower()):
        if finding.end <= lower:
            continue
        inside = Finding(kind=finding.kind, start=max(finding.start, lower) - lower, end=finding.end - lower, score=finding.score)
        if all(inside.end <= other.start or other.end <= inside.start for other in kept):
            kept.append(inside)
    return tuple(sorted(kept, key=lambda finding: finding.start))


def _cased(text: str) -> str:
    """The text as the model and the rules know names: with capitals, where it has none or nothing else.

    Its length stays.
    """
    if not any(map(str.isupper, text)):
        return _WORD.sub(lambda match: match[0] if match[0] in FUNCTION else _title(match[0]), text)
    return regex.sub(r"(?<![\p{L}\d])\p{Lu}{4,}(?![\p{L}\d])", lambda match: _title(match[0]), text)


def _title(word: str) -> str:
    titled = word[0].upper() + word[1:].lower()
    return titled if len(titled) == len(word) else word


def _ranked(text: str, *, small: bool) -> Iterator[Finding]:
    """Everything found, what is surest first; `small` where the text itself has no capitals."""
    guesses = [guess for guess in model.entities(text) if not (small and guess.label not in _TRUSTED)]
    sure, likely, bodies = list(people.surely(text)), list(people.likely(text)), list(people.bodies(text))
    titles, when, ages = list(people.titled(text)), list(dates.dates(text)), list(dates.ages(text))
    names = [*sure, *(name for _, name in titles if name)]
    known = [
        Span(guess.start, guess.end)
        for guess in guesses
        if guess.label in _PLACES and not _meets(guess, [*likely, *bodies]) and not _person(text, guess)
    ]
    spots = list(places.places(text, known, [*names, *ages]))
    addresses = [spot for spot in spots if any(map(str.isdigit, text[spot.start : spot.end]))]
    yield from (_finding("AGE", age, _RULE) for age in ages)
    yield from (_finding("DATE_TIME", date, _RULE) for date in when if date.end - date.start > 5)
    yield from (_finding("LOCATION", spot, _RULE) for spot in addresses)
    for title, name in titles:
        yield _finding("TITLE", title, _RULE)
        if name:
            yield _finding("PERSON", name, _RULE)
    found: list[Finding] = []
    found += (_finding("PERSON", name, _RULE) for name in sure)
    found += (_finding("ORGANIZATION", body, _RULE) for body in bodies)
    found += (_finding("TITLE", job, _CUED) for job in people.jobs(text))
    if spots:
        found += _signature(text, spots[0].start)
    found += (_finding("LOCATION", spot, _MODEL) for spot in spots)
    found += (_finding("DATE_TIME", date, _CUED) for date in when)
    found += _peoples(text)
    found += _guessed(text, guesses, likely)
    found += (_finding("PERSON", name, _CUED) for name in people.firsts(text))
    yield from found
    yield from _again(text, [finding for finding in found if finding.kind == "PERSON"])


def _signature(text: str, upto: int) -> Iterator[Finding]:
    """Lines over an address: who lives there, and whom they work for."""
    first = ""
    for line in people.lines(text):
        name = text[line.start : line.end]
        if line.end > upto:
            break
        if not first and " " not in name:
            break
        yield _finding("PERSON" if name in (first or name) else "ORGANIZATION", line, _CUED)
        first = first or name


def _again(text: str, persons: Iterable[Finding]) -> Iterator[Finding]:
    """Parts of a full name that stand alone elsewhere in the text."""
    words = {word for one in persons for word in text[one.start : one.end].split() if len(word) > 3}
    for match in _WORD.finditer(text):
        if match[0] in words:
            yield _finding("PERSON", Span(*match.span()), _CUED)


def _person(text: str, guess: model.Entity) -> bool:
    """Whether what the model takes for a place or a body is rather a person, or a people."""
    words = _WORD.findall(text, guess.start, guess.end)
    return bool(words) and (is_first_name(words[0]) or is_people(words[0]))


def _guessed(text: str, guesses: Sequence[model.Entity], likely: Sequence[Span]) -> Iterator[Finding]:
    for guess in guesses:
        span = _bare(text, guess)
        if span is None or guess.label not in _NAMES:
            continue
        words = text[span.start : span.end]
        if words.casefold() in _NO_NAMES:
            continue
        is_company = people.company(words)
        if guess.label == "PERSON":
            kind = "ORGANIZATION" if is_company else "PERSON"
        elif _meets(guess, likely) and not is_company:
            kind = "PERSON"
        elif guess.label in ("ORG", *_PLACES) and not is_company and _person(text, guess):
            kind = "PERSON"
        elif guess.label in _PLACES:
            kind = "LOCATION"
        elif guess.label != "ORG":
            continue
        elif _IN.search(text, max(0, span.start - 6), span.start) and not is_company:
            kind = "LOCATION"
        elif " " in words and not is_company and not words.isascii():
            kind = "PERSON"
        else:
            kind = "ORGANIZATION"
        yield _finding(kind, span, _MODEL)


def _bare(text: str, guess: model.Entity) -> Span | None:
    """The guess without what is no part of a name; None where nothing is left."""
    start, end = guess.start, guess.end
    words = text[start:end]
    if words.endswith(("'s", "’s")):
        end -= 2
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    first = _WORD.match(text, start, end)
    while first and first[0].casefold() in FUNCTION:
        start = first.end()
        while start < end and not text[start].isalnum():
            start += 1
        first = _WORD.match(text, start, end)
    name = text[start:end]
    if end - start < 2 or name.islower() or not _LETTER.search(name):
        return None
    return Span(start, end)


def _peoples(text: str) -> Iterator[Finding]:
    for match in _PEOPLE.finditer(text):
        if is_people(match[0]):
            yield _finding("NRP", Span(*match.span()), _MODEL)


def _meets(guess: model.Entity, spans: Iterable[Span]) -> bool:
    return any(guess.start < span.end and span.start < guess.end for span in spans)


def _finding(kind: str, span: Span, score: float) -> Finding:
    return Finding(kind=kind, start=span.start, end=span.end, score=score)
