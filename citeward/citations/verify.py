"""Labels how well a quote supports a sentence, without a model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from citeward.contracts.answer import Label
from citeward.text.words import content_words, words

SUPPORTED = 0.75
PARTIAL = 0.45
"""Scores from which the labels hold."""
CONTRADICTED = 0.3
"""The most that a sentence gets whose number or negation the quote does not bear out."""
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?%?")
_NEGATIONS = frozenset("not no never none neither nor without cannot nobody nothing hardly".split())
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-Z][\w-]*[a-z0-9][\w-]*")
_SPELLED = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A label with its score."""

    label: Label
    score: float


def judge(sentence: str, quote: str, *, similarity: float | None = None) -> Judgement:
    """How well `quote` supports `sentence`.

    The score is the share of the sentence's content words and names that the quote holds, and, where it is known, the
    similarity of the two. A number of the sentence that the quote does not hold, or a negation on one side only, makes
    it unsupported, however alike the words are.

    Args:
        sentence: Without markers.
        quote: A span of the passage.
        similarity: Cosine of their embeddings, -1..1; None judges by words alone.
    """
    if _plain(sentence) and _plain(sentence) in _plain(quote):
        return Judgement(label=Label.SUPPORTED, score=1.0)
    wanted = set(content_words(sentence))
    held = set(content_words(quote))
    cover = len(wanted & held) / len(wanted) if wanted else 0.0
    names = {name.lower() for name in _NAME.findall(sentence)}
    named = sum(name in quote.lower() for name in names) / len(names) if names else cover
    lexical = 0.8 * cover + 0.2 * named
    score = lexical if similarity is None else 0.7 * lexical + 0.3 * max(0.0, similarity)
    if _numbers(sentence) - _numbers(quote) or _negated(sentence) != _negated(quote, about=wanted):
        score = min(score, CONTRADICTED)
    label = Label.SUPPORTED if score >= SUPPORTED else Label.PARTIAL if score >= PARTIAL else Label.UNSUPPORTED
    return Judgement(label=label, score=round(score, 4))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`>|#]", " ", text).split()).strip(" .!?:;,").casefold()


def _numbers(text: str) -> set[str]:
    """The text's numbers as digits without separators; small ones also where they are spelled out."""
    spelled = {_SPELLED[word] for word in words(text) if word in _SPELLED}
    return {number.replace(",", "").rstrip("%") for number in _NUMBER.findall(text)} | spelled


def _negated(text: str, *, about: set[str] | None = None) -> bool:
    """Whether an odd number of negations stands in the text, or in the clauses of it that are `about` these words."""
    clauses = re.split(r"[.;:!?]\s|,\s(?:but|while|and|or)\s", text)
    if about is not None:
        clauses = [clause for clause in clauses if len(about & set(content_words(clause))) * 2 >= len(about)] or clauses
    found = [word for clause in clauses for word in words(clause) if word in _NEGATIONS or word.endswith("n't")]
    return len(found) % 2 == 1
