"""Orders whose words are broken up or run together: `i g n o r e`, `ig-nore pre-vious`, `IgnoreAllPreviousRules`."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from citeward.guardrails.injection.lexicon import Folded, Group, load_lexicon
from citeward.guardrails.injection.orders import Order

if TYPE_CHECKING:
    import regex

_LETTERS = re.compile(r"[^\W\d_]+")
_FILLERS = tuple("of the me us that and please now to with in from you i we were was have been".split())
"""English words that may stand between; they do no harm in other languages."""
_TOLD = ("told", "said", "learned", "before this", "above")
"""What ends an English order that does not say what is to be ignored: everything you were told."""
_GLUED = 16
"""Letters of a piece that may be several words."""
_FILLED = 6
"""Words between the verb and the noun, at most."""
_GRAMS = (2, 3, 4)
"""Letters by which a place is known from which on an order may be written."""


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """An order's words in a row, with nothing between them."""

    pattern: regex.Pattern[str]
    words: dict[str, int]
    """Of a phrase without its spaces, how many words it has."""


def broken(folded: Folded, /) -> Iterator[Order]:
    """The first order that stands in the letters alone, and is written in more or in fewer pieces than it has words."""
    pieces = [match.span() for match in _LETTERS.finditer(folded.text)]
    letters = "".join(_LETTERS.findall(folded.text))
    begins = list(accumulate((end - start for start, end in pieces), initial=0))
    shapes = _shapes()
    firsts = _firsts()
    for number, (piece_start, piece_end) in enumerate(pieces):
        for place in _places(begins[number], piece_end - piece_start):
            if letters[place : place + _GRAMS[0]] not in firsts:
                continue
            found = next(filter(None, (_read(shape, letters, place) for shape in _at(shapes, letters, place))), None)
            if found is None:
                continue
            end, said = found
            last = bisect_left(begins, end) - 1
            if last - number + 1 == said:
                continue
            start, end = piece_start + place - begins[number], pieces[last][0] + end - begins[last]
            start, end = folded.span(start, end)
            yield Order(kind="broken_order", start=start, end=end, user=0.85, in_data=0.85)
            return


def _places(begin: int, length: int) -> range:
    """Where an order may begin in a piece: where the piece does, or anywhere in one that may be several words."""
    return range(begin, begin + (length if length >= _GLUED else 1))


def _at(shapes: dict[str, tuple[_Shape, ...]], letters: str, place: int) -> Iterator[_Shape]:
    for length in _GRAMS:
        yield from shapes.get(letters[place : place + length], ())


def _read(shape: _Shape, letters: str, place: int) -> tuple[int, int] | None:
    """Where the order ends that begins at `place`, and how many words it has; None where none begins."""
    match = shape.pattern.match(letters, place)
    if match is None:
        return None
    parts = (part for name in ("head", "fill", "tail") for part in match.captures(name))
    return match.end(), sum(shape.words.get(part, 1) for part in parts)


@functools.cache
def _shapes() -> dict[str, tuple[_Shape, ...]]:
    """By their first letters, the shapes of the orders of all languages."""
    out: dict[str, tuple[_Shape, ...]] = {}
    for language in load_lexicon().phrases:
        for grams, shape in _of(language):
            for gram in grams:
                out[gram] = (*out.get(gram, ()), shape)
    return out


@functools.cache
def _firsts() -> frozenset[str]:
    """The first letters of all of them."""
    return frozenset(gram[: _GRAMS[0]] for gram in _shapes())


def _of(language: str) -> Iterator[tuple[set[str], _Shape]]:
    import regex

    phrases = load_lexicon().phrases[language]
    words: dict[str, int] = {}
    grams: dict[str, set[str]] = {}

    def group(name: str, *groups: Group, more: tuple[str, ...] = ()) -> str:
        forms = set()
        for phrase in (*(phrase for one in groups for phrase in phrases[one] if "..." not in phrase), *more):
            glued = phrase.replace(" ", "").replace("*", "")
            if len(glued) < 2:
                continue
            words[glued] = len(phrase.split())
            forms.add(regex.escape(glued) + (r"[^\W\d_]{0,4}?" if phrase.endswith("*") else ""))
            grams.setdefault(str(groups), set()).add(glued[: _GRAMS[-1]])
        return f"(?P<{name}>{'|'.join(sorted(forms, key=len, reverse=True))})"

    fillers, nouns = (Group.EARLIER, Group.OWN, Group.ALL), (Group.ORDERS, Group.RULES, Group.SECRET)
    fill, tail = group("fill", *fillers, more=_FILLERS), group("tail", *nouns, more=_TOLD if language == "en" else ())
    if load_lexicon().grammars[language].order == "verb_last":
        whole = regex.compile(f"{fill}{{1,{_FILLED}}}?{tail}{group('head', Group.DROP)}")
        yield grams[str(fillers)], _Shape(pattern=whole, words=words)
        return
    for verb in (Group.DROP, Group.REVEAL):
        some = f"{{1,{_FILLED}}}?" if verb is Group.DROP else f"{{0,{_FILLED}}}?"
        last = tail if verb is Group.DROP else group("tail", Group.SECRET)
        whole = regex.compile(f"{group('head', verb)}{fill}{some}{last}")
        yield grams[str((verb,))], _Shape(pattern=whole, words=words)
