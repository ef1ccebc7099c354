"""The file behind a cache of vectors: its tables, and what its faults mean. For one thread."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from citeward.contracts.retrieval import Vector

APPLICATION = 0x43575643
"""Marks the file as ours: CWVC."""
VERSION = 1
BUSY_SECONDS = 5.0
_SLICE = 500
"""Keys a statement; SQLite takes more, older ones 999."""
_TABLES = (
    "CREATE TABLE vectors (space TEXT NOT NULL, text BLOB NOT NULL, used REAL NOT NULL, vector BLOB NOT NULL)",
    "CREATE UNIQUE INDEX by_text ON vectors (space, text)",
    "CREATE INDEX by_use ON vectors (used)",
)


class Foreign(Exception):
    """The file is a sound database, of something else."""


class File:
    """An open file of vectors.

    Raises:
        Foreign: It belongs to something else.
        sqlite3.Error: It cannot be used; `is_damage` and `is_busy` tell why.
        OSError: Its folder cannot be made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Texts can be guessed from their vectors, so that the file is the owner's alone.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._inode = path.stat().st_ino
        self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close it; what was written stays."""
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def is_at(self, path: Path) -> bool:
        """Whether this is still the file at `path`, and not one that another process has set aside."""
        return path.exists() and path.stat().st_ino == self._inode

    def read(self, space: str, keys: Sequence[bytes], *, dimensions: int, now: float) -> dict[bytes, Vector]:
        """The vectors that are there, by key; they count as used `now`."""
        found: dict[bytes, Vector] = {}
        for start in range(0, len(keys), _SLICE):
            part = keys[start : start + _SLICE]
            rows = self._database.execute(
                f"SELECT rowid, text, vector FROM vectors WHERE space = ? AND text IN ({_marks(part)})",
                (space, *part),
            ).fetchall()
            sound = {row: (key, vector) for row, key, blob in rows if (vector := _vector(blob, dimensions)) is not None}
            found |= dict(sound.values())
            with contextlib.suppress(sqlite3.OperationalError):  # it may be read although it cannot be written
                self._database.execute(
                    f"UPDATE vectors SET used = ? WHERE rowid IN ({_marks(sound)})",
                    (now, *sound),
                )
        return found

    def write(self, space: str, vectors: Mapping[bytes, Vector], *, now: float, max_bytes: int) -> None:
        """Put the vectors there, then drop the longest unused ones, a tenth at a time, until `max_bytes` hold all."""
        with self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO vectors (space, text, used, vector) VALUES (?, ?, ?, ?)",
                [(space, key, now, np.asarray(vector, "<f4").tobytes()) for key, vector in vectors.items()],
            )
        while self._size() > max_bytes and self._drop():
            pass

    def _drop(self) -> int:
        """Delete the tenth that was longest not used; returns how many."""
        with self._transaction():
            (count,) = self._database.execute("SELECT count(*) FROM vectors").fetchone()
            return self._database.execute(
                "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY used, rowid LIMIT ?)",
                (-(-count // 10),),
            ).rowcount

    def _size(self) -> int:
        """Bytes in use; those of deleted vectors are free for the next ones."""
        pages, free, size = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _prepare(self) -> None:
        ready = self._is_ready()
        # Readers and a writer at once, and no vector lost but by a power cut.
        self._database.execute("PRAGMA journal_mode = WAL").fetchone()
        self._database.execute("PRAGMA synchronous = NORMAL")
        if ready:
            return
        with self._transaction():
            if self._is_ready():
                return  # another process was quicker
            # Of another version of Citeward, whose vectors can be had again.
            self._database.execute("DROP TABLE IF EXISTS vectors")
            for statement in _TABLES:
                self._database.execute(statement)
            self._database.execute(f"PRAGMA application_id = {APPLICATION}")
            self._database.execute(f"PRAGMA user_version = {VERSION}")

    def _is_ready(self) -> bool:
        """Whether the tables are there. Raises Foreign where others are."""
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION and (application or tables):
            raise Foreign
        return bool(application == APPLICATION and version == VERSION)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def set_aside(path: Path, file: File | None) -> str:
    """Rename a damaged file, so that a new one may begin; returns its new name.

    Where another process has already done so, nothing is renamed and the name is empty.

    Raises:
        OSError: It cannot be renamed.
    """
    if file is not None and not file.is_at(path):
        return ""
    if file is not None:
        file.close()
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return str(aside)


def is_damage(error: Exception) -> bool:
    """Whether the file is broken, or none of SQLite's."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_busy(error: Exception) -> bool:
    """Whether another process holds the file."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 where the error is another's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _marks(values: Sequence[object] | Mapping[int, object]) -> str:
    return ", ".join("?" * len(values))


def _vector(blob: bytes, dimensions: int) -> Vector | None:
    """The vector, unless the blob is damaged or of another length."""
    if len(blob) != 4 * dimensions:
        return None
    vector = np.frombuffer(blob, "<f4")
    return vector if abs(float(np.linalg.norm(vector)) - 1) < 1e-3 else None
