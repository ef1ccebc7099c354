"""What may leave of an error, and the error of ours for any exception."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from citeward import errors
from citeward.errors import (
    CheckpointError,
    CitewardError,
    InternalError,
    LocatedError,
    ModelError,
    ServerBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    from_exception,
)

SECRET = "canary words of another program"


def _kinds(kind: type[CitewardError] = CitewardError) -> Iterator[type[CitewardError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _kinds(child)


@pytest.mark.parametrize("kind", sorted(set(_kinds()), key=lambda kind: kind.__name__))
def test_the_detail_of_no_error_leaves(kind: type[CitewardError]) -> None:
    if issubclass(kind, LocatedError):
        error: CitewardError = kind("wrong", hint="Right it.", path="a.toml")
        error.detail = SECRET
    else:
        error = kind("wrong", hint="Right it.", detail=SECRET, retry_after=2.0)
        assert error.to_dict()["retry_after"] == 2.0
    assert SECRET not in str(error) + repr(error) + str(error.to_dict())
    assert kind is LocatedError or kind.__name__ in (errors.__doc__ or ""), "the tree at the top of the file"


@pytest.mark.parametrize(
    "kind", [StoreError, StoreCorrupt, StoreReadOnly, StoreFull, StoreUnavailable, CheckpointError]
)
def test_a_path_of_the_operators_is_in_the_message_and_does_not_leave(kind: type[CitewardError]) -> None:
    error = kind("the store '/srv/secret' is damaged", hint="See to it.")
    assert "/srv/secret" in str(error)
    assert "/srv/secret" not in str(error.to_dict()) and error.to_dict()["message"]


def _sqlite_error(path: Path, kind: str) -> sqlite3.Error:
    """A real one."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS kept (value)")
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            try:
                if kind == "locked":
                    other.execute("BEGIN EXCLUSIVE")
                    database.execute("INSERT INTO kept VALUES (1)")
                elif kind == "full":
                    database.execute("PRAGMA max_page_count = 2")
                    database.execute("INSERT INTO kept VALUES (zeroblob(100000))")
                elif kind == "read-only":
                    database.execute("PRAGMA query_only = ON")
                    database.execute("INSERT INTO kept VALUES (1)")
                elif kind == "not a database":
                    bad = path.with_suffix(".bad")
                    bad.write_bytes(b"neither here nor there" * 100)
                    with closing(sqlite3.connect(bad)) as third:
                        third.execute("SELECT * FROM kept")
                else:
                    database.execute("SELECT canary FROM kept")
            except sqlite3.Error as error:
                return error
    raise AssertionError("no error")


@pytest.mark.parametrize(
    ("kind", "expected", "status", "wait"),
    [
        ("locked", StoreUnavailable, 503, 1.0),
        ("full", StoreFull, 507, None),
        ("read-only", StoreReadOnly, 500, None),
        ("not a database", StoreCorrupt, 500, None),
        ("a wrong query", StoreError, 500, None),
    ],
)
def test_an_error_of_sqlite_is_one_of_the_store(
    tmp_path: Path, kind: str, expected: type[CitewardError], status: int, wait: float | None
) -> None:
    raised = _sqlite_error(tmp_path / "a.sqlite", kind)
    error = from_exception(raised)
    assert (type(error), error.status, error.retry_after) == (expected, status, wait)
    assert str(raised) in error.detail
    assert type(raised).__name__ not in str(error)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left", "/srv/canary"), StoreFull),
        (OSError(errno.EDQUOT, "Quota", "/srv/canary"), StoreFull),
        (OSError(errno.EFBIG, "Too large", "/srv/canary"), StoreFull),
        (PermissionError(errno.EACCES, "Denied", "/srv/canary"), StoreReadOnly),
        (OSError(errno.EROFS, "Read-only", "/srv/canary"), StoreReadOnly),
        (OSError(errno.EMFILE, "Too many open files"), ServerBusy),
        (MemoryError("canary"), ServerBusy),
        (ValueError("canary"), InternalError),
        (RecursionError("canary"), InternalError),
        (OSError("canary"), InternalError),
        (ExceptionGroup("canary", [OSError(errno.ENOSPC, "canary")]), StoreFull),
        (BaseExceptionGroup("canary", [ExceptionGroup("canary", [KeyError("canary")])]), InternalError),
    ],
)
def test_any_exception_has_an_error_of_ours_without_its_words(
    raised: BaseException, expected: type[CitewardError]
) -> None:
    error = from_exception(raised)
    assert type(error) is expected
    assert "canary" not in str(error) + str(error.to_dict())
    assert error.detail


def test_an_error_of_ours_stays_as_it_is_also_out_of_a_group() -> None:
    ours = ModelError("wrong", hint="Right it.")
    assert from_exception(ours) is ours
    assert from_exception(ExceptionGroup("together", [ours, ValueError()])) is ours
