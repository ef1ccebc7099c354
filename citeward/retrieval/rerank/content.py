"""Which of a text's tokens carry meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from citeward.text.words import STOP_WORDS

_WORD = re.compile(r"[^\W_]+")


def content_tokens(text: str, offsets: Sequence[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """bool[tokens]: True for a token of a word that is no stop word; all True where no token is of such a word.

    Args:
        text: What was tokenized.
        offsets: Character span of each token.
    """
    inside = np.zeros(len(text) + 1, bool)
    for word in _WORD.finditer(text):
        if word[0].lower() not in STOP_WORDS:
            inside[word.start() : word.end()] = True
    starts = np.array([start for start, _ in offsets], np.intp)
    kept = inside[np.minimum(starts, len(text))]
    return kept if kept.any() else np.ones(len(offsets), bool)
