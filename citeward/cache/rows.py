"""Vectors in one growing matrix, so that the nearest of thousands is a matrix product away."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

import numpy as np

from citeward.contracts.retrieval import Vector

K = TypeVar("K", bound=Hashable)
_FIRST = 16


class Rows(Generic[K]):
    """Unit vectors by key; adding and dropping one costs one row, whatever the size."""

    def __init__(self) -> None:
        self._keys: list[K] = []
        self._place: dict[K, int] = {}
        self._matrix = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: K, vector: Vector) -> None:
        """Put the vector in, in the place of an earlier one of the same key."""
        place = self._place.get(key)
        if place is None:
            place = len(self._keys)
            if not place:
                self._matrix = np.empty((_FIRST, len(vector)), np.float32)
            elif place == len(self._matrix):
                self._matrix = np.concatenate([self._matrix, np.empty_like(self._matrix)])
            self._keys.append(key)
            self._place[key] = place
        self._matrix[place] = vector

    def drop(self, key: K) -> None:
        """Take the key's vector out; nothing happens where there is none."""
        place = self._place.pop(key, None)
        if place is None:
            return
        last = self._keys.pop()
        if last != key:
            self._keys[place] = last
            self._place[last] = place
            self._matrix[place] = self._matrix[len(self._keys)]

    def oldest(self, count: int) -> list[K]:
        """The `count` keys that were added first; an empty list for a count below 1."""
        return list(islice(self._place, max(0, count)))

    def nearest(self, vector: Vector, *, threshold: float, limit: int) -> list[tuple[K, float]]:
        """Keys with a cosine of at least `threshold`, nearest first, at most `limit`."""
        if not self._keys or len(vector) != self._matrix.shape[1]:
            return []
        scores = self._matrix[: len(self._keys)] @ vector
        places = np.flatnonzero(scores >= threshold)
        best = places[np.argsort(-scores[places], kind="stable")[:limit]]
        return [(self._keys[place], float(scores[place])) for place in best]
