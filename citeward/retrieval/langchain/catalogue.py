"""What a LangChain vector store cannot tell: whole documents, who may read them, what there is. Kept in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.contracts.retrieval import Chunk, Document, MetaValue, Passage, StoredDocument
from citeward.errors import StoreUnavailable

_AT_ONCE = 500
_TABLES = """
    CREATE TABLE IF NOT EXISTS documents (
        tenant TEXT, id TEXT, text TEXT, source TEXT, title TEXT, meta TEXT, groups TEXT, hash TEXT, passages INTEGER,
        PRIMARY KEY (tenant, id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS passages (
        tenant TEXT, key TEXT, id TEXT, document TEXT, start INTEGER, stop INTEGER, meta TEXT, tokens BLOB,
        PRIMARY KEY (tenant, key)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS passages_document ON passages (tenant, document);
    CREATE INDEX IF NOT EXISTS passages_id ON passages (tenant, id);
    CREATE TABLE IF NOT EXISTS generations (tenant TEXT PRIMARY KEY, generation INTEGER) WITHOUT ROWID;
"""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A passage, and the groups that may read it."""

    passage: Passage
    groups: tuple[str, ...]


class Catalogue:
    """Documents and where their passages are. One connection, used by one thread at a time.

    A passage's `key` names it in the vector store; each version of a document has keys of its own, so that what the
    catalogue does not know is left over from an earlier one.

    Args:
        path: The file; None keeps all in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def write(
        self,
        tenant: str,
        documents: Sequence[Document],
        chunks: Sequence[Sequence[Chunk]],
        keys: Sequence[Sequence[str]],
    ) -> list[str]:
        """Replace the documents in one step; returns the keys of the passages that they had before."""
        with self._transaction() as run:
            before = _forget(run, tenant, [document.id for document in documents])[1]
            for document, pieces, names in zip(documents, chunks, keys, strict=True):
                run.execute(
                    "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(tenant, document.id, document.text, document.source, document.title),
                        *(json.dumps(dict(document.meta)), json.dumps(document.groups), document.content_hash),
                        len(pieces),
                    ),
                )
                run.executemany(
                    "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            *(tenant, key, f"{document.id}#{chunk.ordinal}", document.id, chunk.start, chunk.end),
                            *(json.dumps({**document.meta, **chunk.meta}), chunk.tokens or None),
                        )
                        for chunk, key in zip(pieces, names, strict=True)
                    ],
                )
            _next_generation(run, tenant)
        return before

    def delete(self, tenant: str, ids: Sequence[str]) -> tuple[int, list[str]]:
        """How many documents there were, and the keys of their passages."""
        with self._transaction() as run:
            there, keys = _forget(run, tenant, ids)
            if there:
                _next_generation(run, tenant)
        return there, keys

    def known(self, tenant: str, keys: Sequence[str]) -> dict[str, Known]:
        """The passages by key; those of earlier versions are left out."""
        columns = "p.key, p.id, p.document, p.start, p.stop, p.meta, d.text, d.source, d.title, d.groups"
        join = "passages p JOIN documents d ON d.tenant = p.tenant AND d.id = p.document"
        found: dict[str, Known] = {}
        for row in self._rows(f"SELECT {columns} FROM {join} WHERE p.tenant = ? AND p.key IN", tenant, keys):
            passage = Passage(
                id=row[1],
                document_id=row[2],
                text=row[6][row[3] : row[4]],
                start=row[3],
                end=row[4],
                source=row[7],
                title=row[8],
                meta=_meta(row[5]),
            )
            found[row[0]] = Known(passage=passage, groups=tuple(json.loads(row[9])))
        return found

    def document(self, tenant: str, document_id: str) -> Document | None:
        """The whole document; None where there is none."""
        for row in self._rows("SELECT * FROM documents WHERE tenant = ? AND id IN", tenant, [document_id]):
            return Document(
                id=row[1],
                text=row[2],
                source=row[3],
                title=row[4],
                meta=_meta(row[5]),
                groups=tuple(json.loads(row[6])),
                content_hash=row[7],
            )
        return None

    def documents(self, tenant: str) -> list[StoredDocument]:
        """Every document, without its text."""
        rows = self._all("SELECT id, hash, source, passages FROM documents WHERE tenant = ? ORDER BY id", tenant)
        return [StoredDocument(id=row[0], content_hash=row[1], source=row[2], passages=row[3]) for row in rows]

    def tokens(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Packed token vectors by passage id."""
        query = "SELECT id, tokens FROM passages WHERE tokens IS NOT NULL AND tenant = ? AND id IN"
        return {row[0]: row[1] for row in self._rows(query, tenant, ids)}

    def count(self, tenant: str) -> int:
        """How many passages there are."""
        return int(self._all("SELECT count(*) FROM passages WHERE tenant = ?", tenant)[0][0])

    def tenants(self) -> list[str]:
        """Those with documents."""
        return sorted(row[0] for row in self._all("SELECT DISTINCT tenant FROM documents"))

    def is_known(self, tenant: str) -> bool:
        """Whether the tenant was ever written to."""
        return bool(self._all("SELECT 1 FROM generations WHERE tenant = ?", tenant))

    def generation(self, tenant: str) -> str:
        """How often the tenant's documents were written."""
        rows = self._all("SELECT generation FROM generations WHERE tenant = ?", tenant)
        return str(rows[0][0]) if rows else ""

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _rows(self, query: str, tenant: str, values: Sequence[str]) -> Iterator[Any]:
        for at in range(0, len(values), _AT_ONCE):
            some = values[at : at + _AT_ONCE]
            yield from self._all(f"{query} ({', '.join('?' * len(some))})", tenant, *some)

    def _all(self, query: str, *values: str) -> list[Any]:
        with self._transaction() as run:
            return run.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                raise StoreUnavailable(
                    f"the catalogue {str(self._path or 'in memory')!r} cannot be used: {error}",
                    hint="check that the file is a catalogue, can be written, and is not held by another process",
                ) from error

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path or ":memory:", check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)
        return connection


def _forget(run: sqlite3.Connection, tenant: str, ids: Sequence[str]) -> tuple[int, list[str]]:
    there, keys = 0, []
    for one in dict.fromkeys(ids):
        keys += [
            row[0] for row in run.execute("SELECT key FROM passages WHERE tenant = ? AND document = ?", (tenant, one))
        ]
        run.execute("DELETE FROM passages WHERE tenant = ? AND document = ?", (tenant, one))
        there += run.execute("DELETE FROM documents WHERE tenant = ? AND id = ?", (tenant, one)).rowcount
    return there, keys


def _next_generation(run: sqlite3.Connection, tenant: str) -> None:
    run.execute(
        "INSERT INTO generations VALUES (?, 1) ON CONFLICT (tenant) DO UPDATE SET generation = generation + 1",
        (tenant,),
    )


def _meta(text: str) -> Mapping[str, MetaValue]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(text).items()}
