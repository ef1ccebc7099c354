"""Labels how well a quote supports a sentence, without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from citeward.contracts.citation import Label
from citeward.text.words import STOP_WORDS, content_words, stem, words

SUPPORTED = 0.7
PARTIAL = 0.45
"""Scores from which the labels hold."""
UNNAMED = 0.65
"""The most that a sentence gets that names someone or something which the quote does not."""
CONTRADICTED = 0.3
"""The most that a sentence gets whose number, negation or direction the quote does not bear out."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*")
_NEGATIONS = frozenset(
    "not no never none neither nor without cannot nobody nothing nowhere hardly false untrue deny denies denied".split()
)
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-Z][\w-]*[A-Za-z0-9][\w-]*")
_SMALL = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {word: 30 + 10 * at for at, word in enumerate("thirty forty fifty sixty seventy eighty ninety hundred".split())}
_OPPOSITES = (
    "enable disable|increase decrease|increase reduce|raise lower|rise fall|before after|more less"
    "|more fewer|most least|above below|over under|minimum maximum|allow forbid|allow block|accept reject"
    "|accept refuse|include exclude|add remove|start stop|open close|first last|always never|true false"
    "|required optional|win lose|won lost|succeed fail|success failure|early late|earlier later"
    "|north south|east west|left right|higher lower|highest lowest|largest smallest|longer shorter"
    "|better worse|best worst|faster slower|inside outside|up down|public private"
)
_PAIRS = [(stem(one), stem(other)) for one, other in (pair.split() for pair in _OPPOSITES.split("|"))]
_TURNS = [*_PAIRS, *((other, one) for one, other in _PAIRS)]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A label with its score."""

    label: Label
    score: float


def judge(sentence: str, quote: str, *, similarity: float | None = None) -> Judgement:
    """How well `quote` supports `sentence`.

    The score is the share of the sentence's content words and names that the quote holds, and, where it is known, the
    similarity of the two. A number of the sentence that the quote does not hold, a negation on one side only, or a
    word in the place of its opposite makes it unsupported, however alike the words are.

    Args:
        sentence: Without markers.
        quote: A span of the passage.
        similarity: Cosine of their embeddings, -1..1; None judges by words alone.
    """
    sentence, quote = _FENCE.sub("", sentence), _FENCE.sub("", quote)
    wanted, held = _meaning(sentence), _meaning(quote)
    said, plain = f" {_plain(sentence)} ", f" {_plain(quote)} "
    cover = len(wanted & held) / len(wanted) if wanted else 0.0
    names = {name.lower() for name in _NAME.findall(sentence)}
    unnamed = [name for name in names if name not in plain and stem(name) not in held]
    named = 1 - len(unnamed) / len(names) if names else cover
    lexical = 0.8 * cover + 0.2 * named
    score = lexical if similarity is None else 0.7 * lexical + 0.3 * max(0.0, similarity)
    if said.strip() and said in plain:
        score = 1.0  # word for word, names and all
    elif unnamed:
        score = min(score, UNNAMED)
    if said != plain and (
        _numbers(sentence) - _numbers(quote)
        or _negated(sentence) != _negated(quote, about=wanted)
        or _turned(sentence, quote)
    ):
        score = min(score, CONTRADICTED)
    label = Label.SUPPORTED if score >= SUPPORTED else Label.PARTIAL if score >= PARTIAL else Label.UNSUPPORTED
    return Judgement(label=label, score=round(score, 4))


def _plain(text: str) -> str:
    """The text's words and signs, without Markdown marks, links' targets and punctuation that ends a word."""
    bare = re.sub(r"\]\([^()\s]*\)|[*_`>|#\[\]\"“”]", " ", text)
    return " ".join(token for token in (word.strip(".,;:!?…()'‘’") for word in bare.split()) if token).casefold()


def _meaning(text: str) -> set[str]:
    """Stems of the words that carry meaning, numbers in one form."""
    return {stem(w) for w in words(text) if w not in STOP_WORDS and w not in _SMALL and not w[0].isdigit()} | _numbers(
        text
    )


def _numbers(text: str) -> set[str]:
    """The text's numbers in one form; small ones also where they are spelled out, of versions each part."""
    spelled = {str(_SMALL[word]) for word in words(text) if word in _SMALL}
    return {form for number in _NUMBER.findall(text) for form in _forms(number)} | spelled


def _forms(number: str) -> Iterator[str]:
    plain = number.replace(",", "")
    if plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    yield plain.lstrip("0") or "0"


def _negated(text: str, *, about: set[str] | None = None) -> bool:
    """Whether an odd number of negations stands in the text, or in the clauses of it that are `about` these words."""
    clauses = re.split(r"[.;:!?]\s|,\s(?:but|while|and|or)\s", text)
    if about is not None:
        clauses = [clause for clause in clauses if len(about & set(content_words(clause))) * 2 >= len(about)] or clauses
    found = [word for clause in clauses for word in words(clause) if word in _NEGATIONS or word.endswith("n't")]
    return len(found) % 2 == 1


def _turned(sentence: str, quote: str) -> bool:
    """Whether the sentence says a word where the quote says its opposite and not the word."""
    said, held = ({stem(word) for word in words(text)} for text in (sentence, quote))
    said, held = said - held, held - said
    return any(one in said and other in held for one, other in _TURNS)
