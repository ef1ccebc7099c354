"""What the words before a number say that it is.

A row of digits alone may be anything; "my passport number is" before it leaves little doubt. Only what stands before
is asked, since a stream does not wait for what comes after, and no further back than `REACH`, so that the answer is
the same however a text is cut.
"""

from __future__ import annotations

import functools
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from citeward.guardrails.pii.cue_words import ABBREVIATED, COMPOUNDS, PHRASES, UNSPACED

REACH = 48
"""Characters before a number in which a cue is looked for."""


class Cue(StrEnum):
    """What a number is said to be."""

    PHONE = "phone"
    PASSPORT = "passport"
    LICENCE = "licence"
    ACCOUNT = "account"
    CARD = "card"
    SOCIAL = "social"
    TAXPAYER = "taxpayer"
    HEALTH = "health"
    PASSWORD = "password"
    NUMBERING = "numbering"
    """A version, a section: numbers with dots."""
    OTHER = "other"
    """Something that is nobody's; it takes the word from a cue further back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A cue in a text."""

    start: int
    end: int
    cue: Cue


@dataclass(frozen=True, kw_only=True, slots=True)
class _Phrase:
    before: tuple[str, ...]
    """The words before the last."""
    cue: Cue
    colon: bool
    """Only where a colon follows."""


def _by_last_word() -> dict[str, tuple[_Phrase, ...]]:
    """The phrases by their last word, the longest first."""
    phrases: dict[str, list[_Phrase]] = {}
    for kind, spelled in PHRASES.items():
        for phrase in spelled.casefold().split(","):
            *before, last = phrase.strip().rstrip(":").split()
            colon = phrase.strip().endswith(":")
            phrases.setdefault(last, []).append(_Phrase(before=tuple(before), cue=Cue(kind), colon=colon))
    return {last: tuple(sorted(some, key=lambda one: -len(one.before))) for last, some in phrases.items()}


_PHRASES = _by_last_word()
_COMPOUNDS = tuple((ending, Cue(kind)) for kind, spelled in COMPOUNDS.items() for ending in spelled.split())
_UNSPACED = {word: Cue(kind) for kind, spelled in UNSPACED.items() for word in spelled.split()}
_UNSPACED_WORD = re.compile("|".join(sorted(_UNSPACED, key=len, reverse=True)))
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MIXED = re.compile(r"(?!(?:Ma?c|De|Di|La|Le|Fitz|Van)[A-Z])[A-Za-z]*?[a-z][A-Z]")
_GAP = re.compile(r"[ _.\-/'’]{0,2}|: ?")
_COLON = re.compile(r"[ ]?[:：]|[ ](?:phone|number|line|tel)\b")
_SENTENCE_END = re.compile(r"(?<![Nn][or])[.!]\s|[。！？]")


class Context:
    """A text with its cues, found at the first question."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._hits: list[Hit] | None = None
        self._ends: list[int] = []

    def last(self, place: int) -> Hit | None:
        """The last cue before `place`, in the same sentence."""
        if self._hits is None:
            self._hits = list(hits(self._text))
            self._ends = [hit.end for hit in self._hits]
        index = bisect_right(self._ends, place)
        if not index or (hit := self._hits[index - 1]).start < place - REACH:
            return None
        after = hit.end + self._text.startswith(".", hit.end) if self._abbreviates(hit) else hit.end
        return None if _SENTENCE_END.search(self._text, after, place) else hit

    def between(self, hit: Hit, place: int) -> str:
        """What stands between a cue and `place`."""
        return self._text[hit.end : place]

    def _abbreviates(self, hit: Hit) -> bool:
        return self._text[hit.start : hit.end].casefold() in ABBREVIATED


@functools.lru_cache(maxsize=16)
def context(before: str, text: str, /) -> Context:
    """The cues of `text` and of what stands before it; every rule that looks at one segment asks the same ones."""
    return Context(before + text)


def cue(before: str, /) -> Cue | None:
    """The last thing said, in the same sentence, at the end of `before`."""
    hit = Context(before).last(len(before))
    return hit.cue if hit else None


def hits(text: str, /) -> Iterator[Hit]:
    """Every cue in `text`, in the order of their ends."""
    spaced = _spaced(text)
    if text.isascii():
        return spaced
    found = [
        Hit(start=match.start(), end=match.end(), cue=_UNSPACED[match[0]]) for match in _UNSPACED_WORD.finditer(text)
    ]
    return iter(sorted([*spaced, *found], key=lambda hit: hit.end))


def _spaced(text: str) -> Iterator[Hit]:
    """Cues of scripts that put spaces between words."""
    words = list(_words(text))
    for place, (word, start, end) in enumerate(words):
        for phrase in _PHRASES.get(word, ()):
            size = len(phrase.before)
            if phrase.colon and not _COLON.match(text, end):
                continue
            if not size:
                yield Hit(start=start, end=end, cue=phrase.cue)
                break
            some = words[max(0, place - size) : place + 1]
            if tuple(one[0] for one in some[:-1]) == phrase.before and all(
                _GAP.fullmatch(text, left[2], right[1]) for left, right in itertools.pairwise(some)
            ):
                yield Hit(start=some[0][1], end=end, cue=phrase.cue)
                break
        else:
            if len(word) > 8 and (kind := _compound(word)):
                yield Hit(start=start, end=end, cue=kind)


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _WORD.finditer(text):
        word = match[0]
        if word.isascii() and _MIXED.match(word) and word.lower() not in _PHRASES:
            for part in _CAMEL.finditer(word):
                yield part[0].lower(), match.start() + part.start(), match.start() + part.end()
        else:
            yield word.casefold(), match.start(), match.end()


@functools.lru_cache(maxsize=2048)
def _compound(word: str) -> Cue | None:
    """What a compound says by its end, as in Benutzerpasswort."""
    return next((kind for ending, kind in _COMPOUNDS if word.endswith(ending)), None)
