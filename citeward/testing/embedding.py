"""An embedder for tests: no model, no files, the same vectors on every machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from citeward.contracts.retrieval import Vectors
from citeward.errors import InvalidInput

_WORD = re.compile(r"\w+")


class HashEmbedder:
    """An `Embedder` by the hashing trick: texts that share words have similar vectors, and that is all it knows.

    Each word adds or subtracts one in a few places that its hash names (Weinberger and others 2009, "Feature hashing
    for large scale multitask learning").

    Args:
        dimensions: Length of a vector.
        name: What a store knows the vectors by.

    Example:
        >>> import asyncio
        >>> cat, again, ship = asyncio.run(HashEmbedder().embed(["a black cat", "the black cat", "steam ship"]))
        >>> bool(cat @ again > cat @ ship)
        True
    """

    def __init__(self, *, dimensions: int = 64, name: str = "hash") -> None:
        self._dimensions = dimensions
        self._name = name

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    @property
    def dimensions(self) -> int:
        """As it was given."""
        return self._dimensions

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:  # noqa: ARG002 - no prefix for either
        """float32[n, dimensions], each row of unit length; a text without words points along the first axis.

        Raises:
            InvalidInput: One text was given bare.
        """
        if isinstance(texts, str):
            raise InvalidInput(f"One text was given bare: {texts[:40]!r}.", hint="Give a list of texts.")
        rows = np.zeros((len(texts), self._dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=16).digest()
                for place in range(0, 16, 4):
                    number = int.from_bytes(digest[place : place + 4], "little")
                    row[(number >> 1) % self._dimensions] += 1.0 if number & 1 else -1.0
            if not row.any():
                row[0] = 1.0
            row /= np.linalg.norm(row)
        return rows
