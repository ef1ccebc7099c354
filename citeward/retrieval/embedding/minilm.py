"""all-MiniLM-L6-v2, the embedded default."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from citeward.contracts.retrieval import TokenVectors, Vectors
from citeward.errors import InvalidInput
from citeward.retrieval.embedding.graph import WIDTH
from citeward.retrieval.embedding.load import Loaded, load
from citeward.retrieval.embedding.session import Session

SLICE = 4096
"""Characters that a thread works through before others get their turn: about 40 ms."""
LONGEST = 1024
"""Characters past which a text is likely cut at the window and costs no more."""

T = TypeVar("T")


class MiniLM:
    """A `TokenEmbedder`: vectors of 384 numbers, texts cut at 256 tokens, no network, no GPU.

    Making one opens nothing. The first use finds the model's files, checks them and, once for this user, writes a
    faster graph into the cache folder. Work runs in threads of its own, so the event loop stays free, and a
    question that comes amid a long run of documents waits for a slice of them only. Vectors do not depend on
    what else is embedded in the same call.

    Args:
        cache_dir: Where the faster graph is kept; `citeward` in the user's cache folder by default.
        workers: Texts that run at once; by default one a core that this process may use.

    Example:
        >>> import asyncio
        >>> asyncio.run(MiniLM().embed(["Where is the key?", "Under the mat."])).shape
        (2, 384)
    """

    def __init__(self, *, cache_dir: Path | None = None, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise InvalidInput(f"{workers!r} workers cannot embed.", hint="Give 1 or more, or leave it out.")
        self._cache_dir = cache_dir
        self._workers = workers or _cores()
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="citeward-embedding")
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None

    @property
    def name(self) -> str:
        """Of the vectors' space; the same for both graphs, whose vectors may be compared."""
        return "all-MiniLM-L6-v2"

    @property
    def dimensions(self) -> int:
        """384."""
        return WIDTH

    def load(self) -> Loaded:
        """Open the model if it is not open, and say which graph is in use; about 0.1 s, the first time 1 s.

        Raises:
            ModelUnavailable: A file of the model is missing or altered.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = load(self._cache_dir)
            return self._loaded

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:  # noqa: ARG002 - no prefix for either
        """float32[n, 384], each row of unit length: the mean over the text's tokens. Raises ModelUnavailable."""
        rows = await self._each(texts, Session.vector)
        return np.stack(rows) if rows else np.zeros((0, WIDTH), np.float32)

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        """Each text's tokens in their context; an empty text has none. Raises ModelUnavailable."""
        return await self._each(texts, Session.tokens)

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        """What `embed` and `embed_tokens` give, from one run of the model. Raises ModelUnavailable."""
        pairs = await self._each(texts, Session.both)
        rows = [vector for vector, _ in pairs]
        return np.stack(rows) if rows else np.zeros((0, WIDTH), np.float32), [tokens for _, tokens in pairs]

    async def _each(self, texts: Sequence[str], read: Callable[[Session, str], T]) -> list[T]:
        """`read` of every text, in order. Slices are handed out one a worker at a time, so that nobody queues
        behind the whole of a large call."""
        if isinstance(texts, str):
            raise InvalidInput(f"One text was given bare: {texts[:40]!r}.", hint="Give a list of texts.")
        loop = asyncio.get_running_loop()
        loaded = self._loaded
        if loaded is None:
            loaded = await loop.run_in_executor(self._pool, self.load)
        session = loaded.session
        results: dict[int, T] = {}
        waiting = deque(_slices(texts))

        def run(indices: list[int]) -> list[T]:
            return [read(session, texts[index]) for index in indices]

        async def work() -> None:
            while waiting:
                indices = waiting.popleft()
                results.update(zip(indices, await loop.run_in_executor(self._pool, run, indices), strict=True))

        if len(waiting) == 1:
            await work()
        else:
            await asyncio.gather(*(work() for _ in range(min(self._workers, len(waiting)))))
        return [results[index] for index in range(len(texts))]


def _slices(texts: Sequence[str]) -> Iterator[list[int]]:
    """Indices of texts, about SLICE characters at a time, the longest first: so all workers end at about once."""
    indices: list[int] = []
    size = 0
    for index in sorted(range(len(texts)), key=lambda index: -len(texts[index])):
        indices.append(index)
        size += min(len(texts[index]), LONGEST)
        if size >= SLICE:
            yield indices
            indices, size = [], 0
    if indices:
        yield indices


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
