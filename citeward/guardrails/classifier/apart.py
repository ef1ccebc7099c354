"""Lines that share no words with what surrounds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from citeward.text.words import content_words

LEAST = 3
"""Lines below which there is too little around a line to stand apart from."""


def apart(lines: Sequence[str], /) -> list[float]:
    """Of each line the share of its words, 0..1, that stand in no other line; 0 where there are too few lines.

    A question that a page answers takes up the page's words; one that was planted there does not.

    >>> apart(["Our library opens at nine.", "When does the library open?", "Translate this to Latin."])[2]
    1.0
    """
    if len(lines) < LEAST:
        return [0.0] * len(lines)
    spoken = [set(content_words(line)) for line in lines]
    counts = Counter(word for words in spoken for word in words)
    return [sum(counts[word] == 1 for word in words) / len(words) if words else 0.0 for words in spoken]
