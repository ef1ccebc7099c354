"""What LangChain's packages raise, as errors of ours.

They have no common tree: most carry the HTTP status, or the response itself; Anthropic tells an error in the middle of
a stream, whose status is 200, by its type in the body; connections and times that are over have only their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from citeward.endpoint.refusal import Reply, retry_after
from citeward.errors import (
    AuthenticationFailed,
    ContextTooLong,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    Overloaded,
    RateLimited,
)
from citeward.logs import get_logger, masked

logger = get_logger(__name__)

_STATUS = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Anthropic's types of errors and the status that each has where it comes instead of an answer."""
_TIMEOUTS = {"APITimeoutError", "ModelTimeoutError", "TimeoutException", "TimeoutError"}
_CONNECTIONS = {"APIConnectionError", "ModelConnectionError", "TransportError", "ClientConnectionError"}
_KEYS = {"ModelAuthenticationError", "AuthenticationError"}
_TOO_LONG = re.compile(r"(?:prompt|input|context).{0,20} too long|context.length|maximum context", re.IGNORECASE)


def translated(name: str, error: Exception, *, request: Any = None) -> ModelError:
    """The error of ours. What the package said is logged, masked, and is no part of the message.

    Args:
        name: The model's.
        error: What its package raised.
        request: The texts that were sent, which the package's words may repeat.
    """
    failed = _translated(name, error, masked(f"{type(error).__name__}: {error}", request=request))
    logger.warning("upstream.failed", name=f"model {name!r}", code=failed.code, detail=failed.detail)
    return failed


def _translated(name: str, error: Exception, detail: str) -> ModelError:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error)
    message = f"model {name!r} " + ("failed" if status is None else f"answered {status}")
    if status in (401, 403) or kinds & _KEYS:
        return AuthenticationFailed(message, hint="Check the model's API key.", detail=detail)
    if status == 429 or "ModelRateLimitError" in kinds:
        wait = _wait(error)
        return RateLimited(message, hint="Wait and try again, or send less a minute.", detail=detail, retry_after=wait)
    if status in (503, 529):
        return Overloaded(message, hint="Try again later.", detail=detail)
    if status == 413 or "ContextOverflowError" in kinds or _TOO_LONG.search(str(error)):
        return ContextTooLong(message, hint="Send less, or choose a model with a larger window.", detail=detail)
    if status in (408, 504) or kinds & _TIMEOUTS:
        return ModelTimeout(message, hint="Try again later, or raise the model's `timeout`.", detail=detail)
    if status == 404:
        return ModelUnavailable(message, hint="Check the model's name, and its address.", detail=detail)
    if (status is not None and status >= 500) or kinds & _CONNECTIONS:
        return ModelUnavailable(message, hint="See whether its server is there, and try again later.", detail=detail)
    return ModelError(message, hint="See the documentation of the model's package.", detail=detail)


def _status(error: Exception) -> int | None:
    body = getattr(error, "body", None)
    told = body.get("error") if isinstance(body, Mapping) else None
    kind = told.get("type") if isinstance(told, Mapping) else None
    if kind in _STATUS:
        return _STATUS[kind]
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _wait(error: Exception) -> float | None:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    return retry_after(Reply(status=429, headers=headers, text=""))
