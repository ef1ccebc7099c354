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
        │   └── StoreUnavailable   retryable
        ├── ToolError
        ├── GuardrailError
        ├── CheckpointError
        ├── ThreadBusy             retryable, with `retry_after`
        ├── BudgetSpent            with `retry_after` where the budget is a day's
        └── DeadlineExceeded       retryable

Each message names the offending value and ends in a ``hint:`` line that gives the way out. ``code`` is stable
and is what crosses the wire; ``status`` is its HTTP status.
"""

from __future__ import annotations

from typing import ClassVar


class CitewardError(Exception):
    """The root of the tree; never raised itself.

    Args:
        message: What happened, with the offending value in it.
        hint: The way out, one sentence.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retry_after: float | None = None
        """Seconds after which the same call may succeed; None where nobody named a time."""

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}"

    def to_dict(self) -> dict[str, object]:
        """The error as it crosses the wire."""
        told = {"code": self.code, "message": self.message, "hint": self.hint, "retryable": self.retryable}
        return told if self.retry_after is None else {**told, "retry_after": self.retry_after}


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

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Overloaded(ModelError):
    """The endpoint has no room for the request now."""

    code = "overloaded"
    status = 503
    retryable = True

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


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


class StoreCorrupt(StoreError):
    """Files of the store are missing or unreadable."""

    code = "store_corrupt"


class StoreReadOnly(StoreError):
    """The store's folder cannot be written."""

    code = "store_read_only"


class StoreUnavailable(StoreError):
    """The store does not answer."""

    code = "store_unavailable"
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


class ThreadBusy(RunError):
    """Another run works in the thread; nothing was done for this one."""

    code = "thread_busy"
    status = 409
    retryable = True

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class BudgetSpent(RunError):
    """What the run or its tenant may spend is spent; nothing was called for it.

    The call was right and will be right again tomorrow; as the same call fails until then, it is not retryable.
    """

    code = "budget_spent"
    status = 429

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        """Seconds until the tenant's next day begins; None where it is the run's own budget."""


class DeadlineExceeded(RunError):
    """The run's deadline passed."""

    code = "deadline_exceeded"
    status = 504
    retryable = True
