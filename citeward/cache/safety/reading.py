"""What the checks see in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from citeward.cache.safety import grammar
from citeward.cache.safety.identifiers import identifiers
from citeward.cache.safety.intent import SAID, Intent, intent
from citeward.cache.safety.opposites import PHRASES
from citeward.cache.safety.quantities import NUMERALS, UNITS, Quantities, quantities
from citeward.cache.safety.roles import MARKERS, objects
from citeward.cache.safety.synonyms import CANONICAL
from citeward.text.words import STOP_WORDS, stem

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*%?|[^\W\d_]+(?:['-][^\W\d_]+)*|[^\W_]+")
_CONTRACTED = re.compile(r"\b(what|who|where|when|why|how|that|it|there|here|they|you|we)'(s|re)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w`_.-])([A-Z][\w&]*(?:-[A-Z]\w*)*)(?![\w`_(])")
_STARTS = re.compile(r"(?:^|[.!?:;]\s+|[\"“(]\s*)\W*$")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A text, read once."""

    words: tuple[str, ...]
    """Lower-cased, in order."""
    stems: frozenset[str]
    """Of every word, phrases such as `turn_off` among them."""
    content: tuple[str, ...]
    """Stems of the words that carry meaning, in order; those of one meaning are one stem."""
    plain: frozenset[str]
    """Every form in which the text says something: words, stems, identifiers and their parts."""
    english: bool
    intent: Intent
    quantities: Quantities
    negations: int
    ended: bool
    """`no longer`."""
    identifiers: frozenset[str]
    names: frozenset[str]
    """Words with a capital letter that does not come from the sentence's beginning, lower-cased."""
    objects: Mapping[str, frozenset[str]]
    """What follows `from`, `to`, `than` and the like."""
    tenses: frozenset[str]
    modes: frozenset[str]
    superlative: bool
    whose: frozenset[str]
    """Of `my` and `your`."""
    passive: bool


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """What the checks see in `text`."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").strip()
    text = _CONTRACTED.sub(lambda found: f"{found[1]} {'is' if found[2].lower() == 's' else 'are'}", text)
    words = tuple(match.lower() for match in _TOKEN.findall(text))
    stems = [stem(word) for word in words]
    meanings = [CANONICAL.get(one, one) for one in stems]
    asked = intent(text)
    asking = SAID.get(asked, frozenset())
    numbers = quantities(text, words, asked=asking)
    # Numbers and their units are compared as such.
    idle = STOP_WORDS | NUMERALS | asking | {word for word in words if UNITS.get(word) in numbers.units}
    carries = [
        word not in idle and not word[0].isdigit() and grammar.FILLERS.isdisjoint((one, meaning))
        for word, one, meaning in zip(words, stems, meanings, strict=True)
    ]
    named = identifiers(text)
    parts = {part for name in named for part in re.split(r"[^a-z0-9]+", name) if part}
    return Reading(
        words=words,
        stems=frozenset([*stems, *_phrases(stems, words)]),
        content=tuple(one for one, carrying in zip(meanings, carries, strict=True) if carrying),
        plain=frozenset([*words, *stems, *parts, *named]),
        english=grammar.is_english(words, text),
        intent=asked,
        quantities=numbers,
        negations=grammar.negations(text, _TOKEN),
        ended=grammar.ended(text),
        identifiers=named,
        names=_names(text),
        objects=objects([w if w in MARKERS else m for w, m in zip(words, meanings, strict=True)], carries),
        tenses=grammar.tenses(words),
        modes=grammar.modes(words),
        superlative=grammar.superlative(words),
        whose=frozenset({"my", "your"} & set(words)),
        passive=grammar.passive(text),
    )


def _names(text: str) -> frozenset[str]:
    names = set()
    for match in _NAME.finditer(text):
        name = match[1]
        shouted = len(name) > 1 and name.isupper()
        if name != "I" and (shouted or not _STARTS.search(text[: match.start()])):
            names.add(name.lower())
    return frozenset(names)


def _phrases(stems: list[str], words: tuple[str, ...]) -> list[str]:
    """Phrases such as `turn_off`, with up to three words between their halves."""
    return [
        f"{form}_{second}"
        for at, first in enumerate(stems)
        for second in PHRASES.get(first, ())
        if second in words[at + 1 : at + 5]
        for form in {first, words[at]}
    ]
