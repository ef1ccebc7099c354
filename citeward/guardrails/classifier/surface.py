"""The surface of texts as numbers: which words and letters stand beside each other, hashed.

Words, pairs of words and groups of three to five characters each name a place by a hash (K. Weinberger and others,
"Feature hashing for large scale multitask learning", *ICML* 2009). A place counts once, however often it is named, and
each of the two blocks has unit length, so that a long text says no more than a short one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from citeward.guardrails.characters import plain, unleeted

WORDS = 4096
"""Places for words and pairs of words; a power of two."""
CHARS = 4096
"""Places for groups of characters; a power of two."""
SIZE = WORDS + CHARS
READ = 2_000
"""Characters that are read of one text; a longer one comes in parts."""

Ints: TypeAlias = npt.NDArray[np.int64]
Hashes: TypeAlias = npt.NDArray[np.uint32]
Numbers: TypeAlias = npt.NDArray[np.float32]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]")
_SPACE = re.compile(r"\s+")
_GROUPS = (3, 4, 5)
_PRIME = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)


@dataclass(frozen=True, kw_only=True)
class Surfaces:
    """What is not zero in the features of n texts, ordered by text."""

    count: int
    """n."""
    rows: Ints
    """Of each entry, which text."""
    places: Ints
    """Which feature, below SIZE: words first, then characters."""
    values: Numbers

    def dense(self) -> Numbers:
        """float32[n, SIZE]."""
        out = np.zeros((self.count, SIZE), np.float32)
        out[self.rows, self.places] = self.values
        return out

    def weighed(self, weights: Numbers, /) -> Numbers:
        """The features times float32[SIZE, h]: float32[n, h]."""
        if self.count == 1:
            one: Numbers = (self.values @ weights[self.places])[None]
            return one
        terms = weights[self.places] * self.values[:, None]
        sums = [np.bincount(self.rows, column, self.count) for column in terms.T]
        return np.stack(sums, axis=1).astype(np.float32)


def surfaces(texts: Sequence[str], /) -> Surfaces:
    """The surfaces of texts as a reader takes them: lower case, look-alikes and digits for letters read as letters."""
    read = [_SPACE.sub(" ", unleeted(plain(text[:READ]).text)).strip() for text in texts]
    words, of_word = _words(read)
    letters, of_letter = _letters(read)
    pairs = words[:-1] * _PRIME + words[1:]
    named = (
        ([words, pairs], [of_word, _owners(of_word, 2)], WORDS),
        (
            [_grouped(letters, size) for size in _GROUPS],
            [_owners(of_letter, size) for size in _GROUPS],
            CHARS,
        ),
    )
    blocks = [_block(np.concatenate(hashes), np.concatenate(owners), len(read), size) for hashes, owners, size in named]
    values = [1 / np.sqrt(np.bincount(rows, minlength=len(read)))[rows] for rows, _ in blocks]
    return Surfaces(
        count=len(read),
        rows=np.concatenate([rows for rows, _ in blocks]),
        places=np.concatenate([blocks[0][1], blocks[1][1] + WORDS]),
        values=np.concatenate(values).astype(np.float32),
    )


def _words(texts: Sequence[str]) -> tuple[Hashes, Ints]:
    """A hash for each word, and which text it is of."""
    found = [_WORD.findall(text) for text in texts]
    hashes = [zlib.crc32(word.encode("utf-8", "replace")) for listed in found for word in listed]
    return np.array(hashes, np.uint32), np.repeat(np.arange(len(texts)), [len(listed) for listed in found])


def _letters(texts: Sequence[str]) -> tuple[Hashes, Ints]:
    """The code of each character, a space before and after each text, and which text it is of."""
    whole = "".join(f" {text} " for text in texts).encode("utf-32-le", "replace")
    return np.frombuffer(whole, np.uint32), np.repeat(np.arange(len(texts)), [len(text) + 2 for text in texts])


def _owners(rows: Ints, size: int) -> Ints:
    """Which text a group of so many neighbours is of; -1 where it reaches over two."""
    first, last = rows[: max(0, len(rows) - size + 1)], rows[size - 1 :]
    if len(rows) and rows[0] == rows[-1]:
        return first
    return np.where(first == last, first, -1)


def _grouped(letters: Hashes, size: int) -> Hashes:
    """One hash for each group of so many letters in a row; overflow is meant."""
    count = max(0, len(letters) - size + 1)
    total = np.full(count, size, np.uint32)
    for shift in range(size):
        total = total * _PRIME ^ letters[shift : shift + count]
    return total


def _block(hashes: Hashes, owners: Ints, count: int, size: int) -> tuple[Ints, Ints]:
    """Rows and places that are named, each pair once, in order."""
    # The high bits are brought down, where the place is read.
    spread = hashes * _MIX
    places = ((spread ^ (spread >> np.uint32(15))) & np.uint32(size - 1)).astype(np.int64)
    named = np.zeros((count + 1) * size, np.bool_)
    # What reaches over two texts falls into a row of its own, which is left out.
    named[(owners + 1) * size + places] = True
    found = np.flatnonzero(named[size:])
    return found // size, found % size
