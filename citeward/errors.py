"""Every error that Citeward raises.

::

    CitewardError
    ├── CallerError                the caller's mistake: fix the call and try again
    │   ├── InvalidInput           an empty question, a limit that makes no sense, a bad filter
    │   ├── InputTooLong           more text than the policy takes
    │   ├── NotFound               an agent, a thread, a tenant, a model that is not there
    │   ├── ProjectError           a project file that cannot be used; names file and line
    │   ├── SettingsError          a setting out of range or missing
    │   ├── DataError              a line of a data file that cannot be read; names file and line
    │   ├── UnsupportedDocument    a file that no loader reads
    │   ├── RequestTimeout         the request did not come in time
    │   └── AccessDenied           the principal may not do this
    └── RunError                   the run failed: the call may have been right
        ├── ModelError
        │   ├── ModelUnavailable   not installed, not reachable, its file missing or altered
        │   ├── AuthenticationFailed
        │   ├── RateLimited        retryable, with `retry_after` where the server named it
        │   ├── Overloaded         retryable, with `retry_after` where the server named it
        │   ├── ModelTimeout       retryable
        │   ├── ContextTooLong
        │   ├── ContentFiltered
        │   └── BadResponse
        ├── StoreError
        │   ├── StoreCorrupt
        │   ├── StoreReadOnly
        │   ├── StoreFull          no room is left on the disk
        │   └── StoreUnavailable   retryable; locked, overloaded or not reachable
        ├── ToolError
        ├── GuardrailError
        ├── CheckpointError
        ├── ThreadBusy             retryable, with `retry_after`
        ├── BudgetSpent            with `retry_after` where the budget is a day's
        ├── DeadlineExceeded       retryable
        ├── ServerBusy             retryable, with `retry_after`
        ├── ServerShuttingDown     retryable
        └── InternalError          a fault in Citeward or in a part that was plugged in

Each message names the offending value and ends in a ``hint:`` line that gives the way out. ``code`` is stable
and is what crosses the wire; ``status`` is its HTTP status.

What may leave the process is decided here: `to_dict` is the code, our own sentence and our own hint. What another
program said (a model server's reply, a library's exception) is ``detail``; it goes to the log, masked.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import ClassVar


class CitewardError(Exception):
    """The root of the tree; never raised itself.

    Args:
        message: What happened, in our own words, with the offending value in it. Never another program's words.
        hint: The way out, one sentence.
        detail: What another program said of it: for the log alone, which masks it.
        retry_after: Seconds after which the same call may succeed.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    public: ClassVar[str] = ""
    """The sentence that leaves in place of the message, for errors whose message names the operator's paths."""

    def __init__(self, message: str, *, hint: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail
        self.retry_after = retry_after
        """Seconds after which the same call may succeed; None where nobody named a time."""

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}"

    def to_dict(self) -> dict[str, object]:
        """The error as it crosses the wire, which is all of it that may leave."""
        message = self.public or self.message
        fields = {"code": self.code, "message": message, "hint": self.hint, "retryable": self.retryable}
        return fields if self.retry_after is None else {**fields, "retry_after": self.retry_after}


class CallerError(CitewardError):
    """The caller's mistake: nothing was done, and the same call will fail again."""

    code = "bad_request"
    status = 400


class InvalidInput(CallerError):
    """A value that makes no sense: an empty question, a negative limit, a filter on an unknown operator."""

    code = "invalid_input"
    status = 422


class InputTooLong(CallerError):
    """More text than the policy takes."""

    code = "input_too_long"
    status = 413


class NotFound(CallerError):
    """An agent, thread, tenant, model or document that is not there."""

    code = "not_found"
    status = 404


class AccessDenied(CallerError):
    """The principal may not do this."""

    code = "access_denied"
    status = 403


class RequestTimeout(CallerError):
    """The request's body did not come in time."""

    code = "request_timeout"
    status = 408


class UnsupportedDocument(CallerError):
    """A file that no loader reads: binary, an unknown suffix, or a broken encoding."""

    code = "unsupported_document"
    status = 415


class LocatedError(CallerError):
    """A mistake in a file, with the place where it stands."""

    def __init__(self, message: str, *, hint: str, path: str, line: int | None = None) -> None:
        place = f"{path}:{line}" if line else path
        super().__init__(f"{place}: {message}", hint=hint)
        self.path = path
        self.line = line


class ProjectError(LocatedError):
    """A project file (citeward.toml, an agent, a tool, a prompt, a suite) that cannot be used."""

    code = "project_error"


class DataError(LocatedError):
    """A line of a data file that cannot be read."""

    code = "data_error"


class SettingsError(CallerError):
    """A setting that is missing or out of range."""

    code = "settings_error"


class RunError(CitewardError):
    """The run failed although the call may have been right."""

    code = "run_error"


class ModelError(RunError):
    """A model could not answer."""

    code = "model_error"
    status = 502


class ModelUnavailable(ModelError):
    """The model is not installed, not reachable, or its file is missing or altered."""

    code = "model_unavailable"
    status = 503


class AuthenticationFailed(ModelError):
    """The endpoint refused the key."""

    code = "authentication_failed"


class RateLimited(ModelError):
    """The endpoint asked to slow down."""

    code = "rate_limited"
    status = 429
    retryable = True


class Overloaded(ModelError):
    """The endpoint has no room for the request now."""

    code = "overloaded"
    status = 503
    retryable = True


class ModelTimeout(ModelError):
    """The model was silent for too long; unlike DeadlineExceeded, another model may still answer."""

    code = "model_timeout"
    status = 504
    retryable = True


class ContextTooLong(ModelError):
    """The prompt does not fit into the model's window."""

    code = "context_too_long"
    status = 413


class ContentFiltered(ModelError):
    """The endpoint's own filter refused the request or the answer."""

    code = "content_filtered"
    status = 422


class BadResponse(ModelError):
    """The endpoint answered with something that is not its protocol."""

    code = "bad_response"


class StoreError(RunError):
    """The document store could not do its work."""

    code = "store_error"
    public = "the store could not do its work"


class StoreCorrupt(StoreError):
    """Files of the store are missing or unreadable."""

    code = "store_corrupt"
    public = "the store is damaged"


class StoreReadOnly(StoreError):
    """The store's folder cannot be written."""

    code = "store_read_only"
    public = "the store cannot be written"


class StoreFull(StoreError):
    """No room is left on the disk, or in the quota, that the store is on."""

    code = "store_full"
    status = 507
    public = "the server has no room left to store this"


class StoreUnavailable(StoreError):
    """The store does not answer now: it is locked, overloaded or not reachable."""

    code = "store_unavailable"
    public = "the store does not answer"
    status = 503
    retryable = True


class ToolError(RunError):
    """A tool failed or could not be loaded."""

    code = "tool_error"


class GuardrailError(RunError):
    """A guard that must not be skipped could not decide."""

    code = "guardrail_error"


class CheckpointError(RunError):
    """The state of a thread could not be read or written."""

    code = "checkpoint_error"
    public = "the state of the thread could not be read or written"


class ThreadBusy(RunError):
    """Another run works in the thread; nothing was done for this one."""

    code = "thread_busy"
    status = 409
    retryable = True


class BudgetSpent(RunError):
    """What the run or its tenant may spend is spent; nothing was called for it.

    The call was right and will be right again tomorrow; as the same call fails until then, it is not retryable.
    `retry_after` is the seconds until the tenant's next day begins; None for the run's own budget.
    """

    code = "budget_spent"
    status = 429


class DeadlineExceeded(RunError):
    """The run's deadline passed."""

    code = "deadline_exceeded"
    status = 504
    retryable = True


class ServerBusy(RunError):
    """The server takes no more requests of this kind now."""

    code = "server_busy"
    status = 503
    retryable = True


class ServerShuttingDown(RunError):
    """The server is being stopped; another one, or the same after its restart, will answer."""

    code = "server_shutting_down"
    status = 503
    retryable = True


class InternalError(RunError):
    """A fault in Citeward, or in a part that was plugged in."""

    code = "internal_error"


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_NO_ROOM = frozenset({"SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"})
_BUSY_SECONDS = 1.0
"""What a caller is asked to wait for a lock: SQLite itself has waited for some seconds already."""
_ROOM = "Free some disk space, or raise the quota, then try again."
_WRITABLE = "Make the project's `.citeward` folder writable for the user that runs Citeward."


def from_exception(error: BaseException) -> CitewardError:
    """The error of ours that stands for any exception; one of ours is returned as it is.

    The exception's own words become `detail`, as they may repeat what it was given: a query, a path, an input.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, CitewardError):
        return error
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, detail)
    if isinstance(error, OSError) and error.errno in _FULL:
        return StoreFull("no room is left on the disk", hint=_ROOM, detail=detail)
    if isinstance(error, OSError) and error.errno in _READ_ONLY:
        return StoreReadOnly("a file or folder cannot be written", hint=_WRITABLE, detail=detail)
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _EXHAUSTED):
        return ServerBusy(
            "the process has no memory or no file handles left",
            hint="Try again later, or give the process more.",
            detail=detail,
            retry_after=_BUSY_SECONDS,
        )
    return InternalError(
        f"the run failed unexpectedly ({type(error).__name__})", hint="The server's log says more.", detail=detail
    )


def _from_sqlite(error: sqlite3.Error, detail: str) -> StoreError:
    # The extended codes have the primary one in their lowest byte (sqlite.org/rescode.html).
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreUnavailable(
            "the database is locked by another process",
            hint="Try again; if it stays locked, see which process holds the file.",
            detail=detail,
            retry_after=_BUSY_SECONDS,
        )
    # A write beyond a limit of the file's size, and a log that cannot grow, are I/O errors to SQLite.
    if code == sqlite3.SQLITE_FULL or getattr(error, "sqlite_errorname", "") in _NO_ROOM:
        return StoreFull("no room is left on the disk for the database", hint=_ROOM, detail=detail)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreReadOnly("the database cannot be written", hint=_WRITABLE, detail=detail)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            "the database is damaged",
            hint="Move the file away, restore it from a backup, or begin anew.",
            detail=detail,
        )
    return StoreError("the database could not do its work", hint="The server's log says more.", detail=detail)
