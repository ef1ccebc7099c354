"""What can be read off a question's surface, in a fraction of a millisecond: the features that difficulty is judged by.

Counts and lengths stand as logarithms, since their tails are long. Words are looked up whole, in English; in other
languages lengths, numbers and signs are what is left.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from citeward.text.sentences import sentences
from citeward.text.tokens import estimate_tokens
from citeward.text.words import words

Floats: TypeAlias = npt.NDArray[np.float64]

READ = 1_000
"""Characters that are looked at, half a millisecond's worth; of a longer text the rest counts by its length alone."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PATTERNS = {
    "clauses": re.compile(r"[,;:]"),
    "names": re.compile(r"(?<=[a-z,;] )[A-Z]\w+"),
    "numbers": _NUMBER,
    "fractions": re.compile(r"\d/\d"),
    "percentages": re.compile(r"%"),
    "money": re.compile(r"[$€£¥]"),
    "operators": re.compile(r"(?<=[\s\d)])[-+*/^=<>](?=[\s\d(])|[≤≥≠×÷√∑∫]"),
    "questions": re.compile(r"[?？]"),
    "code": re.compile(r"[`{}\[\]]|;$|\w\(\)|::|->|\b(?:def|class|SELECT) ", re.M),
    "lines": re.compile(r"\n"),
}
_TERMS = {
    "number_words": "two three four five six seven eight nine ten eleven twelve dozen hundred thousand million",
    "fractions": "half halves third thirds quarter quarters fifth fifths twice thrice times double triple",
    "percentages": "percent percentage",
    "money": "dollar dollars euro euros cent cents usd eur",
    "units": "second seconds minute minutes hour hours day days week weeks month months year years mile miles feet "
    "foot inch inches yard yards metre metres meter meters km cm mm kg gram grams pound pounds ounce ounces "
    "litre litres liter liters gallon gallons mph degree degrees kb mb gb tb",
    "comparisons": "more less fewer than older younger higher lower remaining rest each every per both most least",
    "conditions": "if unless when while after before until then but however except only otherwise although",
    "negations": "not no never none nor without don't doesn't didn't isn't aren't wasn't can't cannot won't",
    "reasons": "why how explain prove derive compare discuss analyse analyze evaluate",
    "facts": "who whom whose when where which what",
    "tasks": "write implement design summarise summarize translate rewrite refactor debug fix list plan create "
    "generate calculate",
}
_COUNTED: tuple[str, ...] = tuple(dict.fromkeys((*_PATTERNS, *_TERMS)))
_PLACES: dict[str, tuple[int, ...]] = {}
for _kind, _listed in _TERMS.items():
    for _word in _listed.split():
        _PLACES[_word] = (*_PLACES.get(_word, ()), _COUNTED.index(_kind))
_AMOUNTS = frozenset("many much old far long big tall".split())
"""After `how` they ask for a number, not for a reason."""

NAMES: tuple[str, ...] = (
    "tokens",
    "sentences",
    "words_per_sentence",
    "word_length",
    "variety",
    "largest_number",
    *_COUNTED,
)
"""The features, in their order. A fitted file names them, and is refused where they are others."""


def surface(question: str) -> Floats:
    """The question's features, float64[len(NAMES)].

    >>> dict(zip(NAMES, surface("How many are 2 and 3?").round(2).tolist()))["numbers"]
    1.1
    """
    text = question[:READ]
    spoken = words(text)
    count = len(spoken)
    parts = max(1, len(sentences(text)))
    largest = max((_value(number) for number in _NUMBER.findall(text)), default=0.0)
    return np.array(
        [
            math.log1p(estimate_tokens(text) * (len(question) / len(text) if text else 1.0)),
            math.log(parts),
            math.log1p(count / parts),
            sum(map(len, spoken)) / count if count else 0.0,
            # Guiraud's index: distinct words by the root of all words, which length alone moves little.
            len(set(spoken)) / math.sqrt(count) if count else 0.0,
            math.log10(1.0 + largest),
            *map(math.log1p, _counts(text, spoken)),
        ]
    )


def _counts(text: str, spoken: list[str]) -> list[int]:
    counts = [len(pattern.findall(text)) if (pattern := _PATTERNS.get(kind)) else 0 for kind in _COUNTED]
    for place, word in enumerate(spoken):
        if word == "how" and place + 1 < len(spoken) and spoken[place + 1] in _AMOUNTS:
            continue
        for kind in _PLACES.get(word, ()):
            counts[kind] += 1
    return counts


def _value(number: str) -> float:
    """A number as written, a comma taken for grouping; digits past the fifteenth say nothing more."""
    whole, _, fraction = number.replace(",", "").partition(".")
    return float(f"{whole[:15]}.{fraction.replace('.', '')[:6] or 0}")
