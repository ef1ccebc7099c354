"""Chooses which of the found passages stand in the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from citeward.contracts.retrieval import Passage
from citeward.text.words import content_words

CHARACTERS_PER_TOKEN = 4
"""An estimate that suits English prose; a model's own tokenizer is not at hand here."""
SAME = 0.9
"""Share of words in common from which two passages say the same."""


def pack(passages: Sequence[Passage], *, limit: int, max_tokens: int) -> list[Passage]:
    """The best passages that fit, in the order given, without those that repeat an earlier one.

    Args:
        passages: Best first.
        limit: The most passages to keep.
        max_tokens: Budget for all of them together, estimated at four characters a token. The first passage is kept
            even where it alone is over the budget, since an answer from nothing is worse.
    """
    kept: list[Passage] = []
    seen: list[frozenset[str]] = []
    used = 0
    for passage in passages:
        if len(kept) == limit:
            break
        words = frozenset(content_words(passage.text))
        cost = len(passage.text) // CHARACTERS_PER_TOKEN + 1
        if any(_repeats(words, other) for other in seen) or (kept and used + cost > max_tokens):
            continue
        kept.append(passage)
        seen.append(words)
        used += cost
    return kept


def _repeats(words: frozenset[str], other: frozenset[str]) -> bool:
    """Jaccard similarity over the line; two passages without words are no repetition of each other."""
    union = len(words | other)
    return union > 0 and len(words & other) / union >= SAME
