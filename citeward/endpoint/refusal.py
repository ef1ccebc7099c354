"""What a status other than 2xx means, and whether another try may help."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    CitewardError,
    ContentFiltered,
    ContextTooLong,
    ModelError,
    ModelUnavailable,
    NotFound,
    Overloaded,
    RateLimited,
)

AGAIN = frozenset({408, 409, 425, 429})
"""Statuses below 500 that a further try may change."""
NEVER = frozenset({501, 505})
"""Statuses from 500 on that no further try changes."""
_TOO_LONG = re.compile(
    r"context[ _]length|maximum (?:model |input |sequence )?length|max_model_len|too (?:long|many tokens)|"
    r"above_max_length|less than \d+ tokens|longer than|exceeds? .{0,40}tokens",
    re.IGNORECASE,
)
LOGGED = "The log has, masked,"
"""Where to find what may not leave; a hint goes on with what it is."""
_REASONS = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ECONNRESET: "the connection was cut",
    errno.EPIPE: "the connection was cut",
    errno.ENETUNREACH: "there is no way to its network",
    errno.EHOSTUNREACH: "there is no way to its host",
    errno.ETIMEDOUT: "it did not answer in time",
}
_SHORT = 6
"""Characters of a number that an error repeats; a longer one may be a card's."""
_FILTERED = re.compile(r"content_filter|content management policy|content_policy", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back from a server, whichever client brought it."""

    status: int
    headers: Mapping[str, str]
    """Found whatever their case."""
    text: str


def may_pass(answer: Reply) -> bool:
    """Whether another try may help."""
    status = answer.status
    # What an account may spend does not come back within a minute.
    if status == 429 and "insufficient_quota" in answer.text:
        return False
    return status in AGAIN or (status >= 500 and status not in NEVER)


def retry_after(answer: Reply) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3), as a number or as a date by the server's own clock."""
    headers = answer.headers
    with contextlib.suppress(KeyError, ValueError):
        return _seconds(float(headers["retry-after-ms"]) / 1000)
    with contextlib.suppress(KeyError, ValueError):
        return _seconds(float(headers["retry-after"]))
    with contextlib.suppress(KeyError, ValueError, TypeError):
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - now).total_seconds())
    return None


def _seconds(value: float) -> float | None:
    return value if 0 <= value < math.inf else None


def refusal(answer: Reply, *, name: str, has_key: bool, words: Callable[[str], str]) -> CitewardError:
    """The error that the answer stands for. Its message has the status and the wait, and none of the server's words:
    those are its `detail`.

    Args:
        answer: Of a status other than 2xx.
        name: What was asked, as errors name it: `model 'small'`.
        has_key: Whether a key was sent.
        words: Masks the server's words.
    """
    status, said = answer.status, _detail(answer)
    detail = words(said)
    wait = retry_after(answer)
    asked = "" if wait is None else f" and asked to wait {wait:g} seconds"
    message = f"{name} answered {status}{asked}"
    if status < 400:
        return BadResponse(
            f"{name} answered {status}, which points to another address",
            hint="Set its `url` to the address that it points to; a redirected post would arrive empty.",
            detail=words(f"location: {answer.headers.get('location', '')}"),
        )
    if status in (401, 403):
        hint = "Check its API key." if has_key else "Set its `api_key`: none was sent."
        return AuthenticationFailed(message, hint=hint, detail=detail)
    if status == 404:
        hint = "Check the model's name, and that its `url` goes up to and with the version (/v1)."
        return NotFound(message, hint=hint, detail=detail)
    if status == 429:
        hint = "Wait and try again, or send less a minute (`requests_per_minute`, `tokens_per_minute`)."
        return RateLimited(message, hint=hint, detail=detail, retry_after=wait)
    if status in (503, 529):
        hint = "Try again later, or send fewer requests at a time (`concurrency`)."
        return Overloaded(message, hint=hint, detail=detail, retry_after=wait)
    if status >= 500 or status in AGAIN:
        return ModelUnavailable(message, hint="See the server's own log.", detail=detail)
    if _FILTERED.search(answer.text):
        hint = "Ask another model, or ask otherwise."
        return ContentFiltered(f"{message}: its content filter refused", hint=hint, detail=detail)
    if status == 413 or _TOO_LONG.search(said):
        hint = "Lower `max_tokens` to what the model takes, or send less at once."
        return ContextTooLong(f"{message}: the request is too long for it", hint=hint, detail=detail)
    return ModelError(f"{message}: it does not take this request", hint=f"{LOGGED} what it said.", detail=detail)


def unreachable(name: str, error: BaseException, *, words: Callable[[str], str]) -> ModelUnavailable:
    """The error of a server that no connection could be made to, with the reason as far as the system knows one."""
    reason = _reason(error)
    # What a client says of bytes that are not HTTP shows them, and they may be anything: a model's text, too.
    said = f": {error}" if reason else ""
    return ModelUnavailable(
        f"{name} cannot be reached: {reason or 'the connection failed'}",
        hint="Is its server running, and is its `url` right? Mind HTTP_PROXY and SSL_CERT_FILE.",
        detail=words(type(error).__name__ + said),
    )


def reported(text: str) -> str:
    """The server's words in a response that says it is no error; empty if it reports none."""
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(text)
        if isinstance(value, dict) and value.get("error"):
            return _detail(Reply(status=200, headers={}, text=text))
    return ""


def _reason(error: BaseException) -> str:
    """Why there is no connection, in our own words: a client's message names the address. Empty if nobody knows."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "its certificate is not valid"
        if isinstance(seen, ssl.SSLError):
            return "TLS could not be agreed on"
        if isinstance(seen, socket.gaierror):
            return "its host name is not known"
        if isinstance(seen, OSError) and seen.errno in _REASONS:
            return _REASONS[seen.errno]
        seen = getattr(seen, "os_error", None) or seen.__cause__ or seen.__context__
    return ""


def shape(value: object) -> str:
    """What something is that is not what it should be, without a word of it: it may be a model's, unchecked.

    >>> shape({"choices": [], "id": "a"})
    'an object with 2 fields'
    """
    if value is None or isinstance(value, bool | int | float):
        return shown if len(shown := repr(value)) <= _SHORT else "a number"
    if isinstance(value, Mapping):
        return f"an object with {len(value)} field{'' if len(value) == 1 else 's'}"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, bytes | str):
        unit = "byte" if isinstance(value, bytes) else "character"
        first = value[:1].decode("ascii", "replace") if isinstance(value, bytes) else value[:1]
        shown = f" that begin with {first!r}" if first in ("<", "{", "[", '"') else ""
        return f"{len(value)} {unit}{'' if len(value) == 1 else 's'}{shown}"
    return f"a value of type {type(value).__name__}"


def _detail(answer: Reply) -> str:
    """The server's own words: OpenAI's `error.message`, FastAPI's `detail`, and the like; else the body."""
    try:
        value: Any = json.loads(answer.text)
    except (ValueError, RecursionError):
        return answer.text
    while isinstance(value, dict):
        value = next((value[key] for key in ("error", "message", "detail", "msg") if value.get(key)), str(value))
    return str(value)
