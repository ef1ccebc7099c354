"""Vectors that were paid for, kept on disk."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from citeward.contracts.retrieval import Vector
from citeward.errors import SettingsError
from citeward.logs import get_logger
from citeward.retrieval.embedding import cached

MAX_BYTES = 2 * 1024**3
"""Of the file: about 300,000 vectors of 1536 numbers."""

T = TypeVar("T")
logger = get_logger(__name__)


class VectorCache:
    """Vectors by the space they are of and the sha256 of their text, in a SQLite file (WAL).

    Several processes may use one file at once. It never stands in the way: a file that is damaged is set aside and
    begun anew, one that cannot be opened or written is done without, one that another process holds too long is
    passed over for once; the log says so. When it has grown to its size, the tenth that was longest not asked for is
    dropped. All work is done in one thread, started at the first use.

    Args:
        path: The file; its folder is made.
        max_bytes: Size of the file, at most, give or take what one call puts there.

    Raises:
        SettingsError: `max_bytes` makes no sense.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        if max_bytes < 1:
            raise SettingsError(f"A cache of {max_bytes!r} bytes holds nothing.", hint="Give more, or no cache.")
        self._path = path
        self._max_bytes = max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="citeward-vectors")
        self._file: cached.File | None = None
        self._off = False

    def __repr__(self) -> str:
        return f"VectorCache({str(self._path)!r})"

    async def get(self, space: str, texts: Sequence[str], *, dimensions: int) -> dict[str, Vector]:
        """The vectors that are there, float32[dimensions] of unit length, by text.

        Raises:
            SettingsError: The file is a database of something else.
        """
        keys = {_key(text): text for text in texts}
        found = await self._run(lambda file: file.read(space, list(keys), dimensions=dimensions, now=time.time()))
        return {keys[key]: vector for key, vector in (found or {}).items()}

    async def put(self, space: str, vectors: Mapping[str, Vector]) -> None:
        """Keep the vectors of these texts.

        Raises:
            SettingsError: The file is a database of something else.
        """
        rows = {_key(text): vector for text, vector in vectors.items()}
        await self._run(lambda file: file.write(space, rows, now=time.time(), max_bytes=self._max_bytes))

    async def aclose(self) -> None:
        """Close the file; a later call opens it again."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)

    async def _run(self, work: Callable[[cached.File], T]) -> T | None:
        """What `work` gives; None where the file cannot be used."""
        if self._off:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[cached.File], T]) -> T | None:
        for second in (False, True):
            try:
                if self._file is None:
                    self._file = cached.File(self._path)
                return work(self._file)
            except cached.Foreign as error:
                raise SettingsError(
                    f"{str(self._path)!r} is a SQLite file of something else, not a cache of vectors.",
                    hint="Name another file as the cache; it is made.",
                ) from error
            except (sqlite3.Error, OSError) as error:
                damaged, busy = cached.is_damage(error), cached.is_busy(error)
                if busy:
                    logger.info("embedding.cache_busy", path=str(self._path))
                    return None
                if damaged and not second:
                    try:
                        aside = cached.set_aside(self._path, self._file)
                    except OSError as failed:
                        error = failed
                    else:
                        logger.warning("embedding.cache_damaged", path=str(self._path), set_aside=aside)
                        self._close()
                        continue
                logger.warning("embedding.cache_off", path=str(self._path), reason=str(error))
                self._close()
                self._off = True
                return None
        return None

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
