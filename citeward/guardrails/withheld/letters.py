"""Letters as they are compared: in any case, script or disguise, and nothing between them."""

from __future__ import annotations

import functools
import unicodedata

from citeward.guardrails.characters import LOOKALIKES

_LEET = str.maketrans("0134578@$", "oieastbas")
_ALIKE = str.maketrans("l", "i")  # 1, l and i are written for one another; both sides are folded alike


@functools.lru_cache(maxsize=8192)
def letters(char: str, /) -> str:
    """The letters and digits that a character stands for; empty for white space, punctuation and invisible ones.

    Case, accents, width and look-alikes are folded, digits and signs that are written for letters are those letters.

    >>> [letters(char) for char in "Ñ4-\u200bﬁ"]
    ['n', 'a', '', '', 'fi']
    """
    plain = unicodedata.normalize("NFKD", char).casefold().translate(LOOKALIKES).translate(_LEET).translate(_ALIKE)
    return "".join(letter for letter in plain if letter.isalnum())


def folded(text: str, /) -> str:
    """All letters of `text`, one after the other.

    >>> folded("I g-n.0 r e")
    'ignore'
    """
    return "".join(map(letters, text))
