"""What a status other than 2xx means, and whether another try may help."""

from __future__ import annotations

import contextlib
import json
import math
import re
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


def refusal(answer: Reply, *, base: str, has_key: bool, clean: Callable[[str], str]) -> CitewardError:
    """The error that the answer stands for.

    Args:
        answer: Of a status other than 2xx.
        base: The endpoint, as errors name it.
        has_key: Whether a key was sent.
        clean: Takes out of the server's words what is secret.
    """
    status, detail = answer.status, clean(_detail(answer))
    wait = retry_after(answer)
    asked = "" if wait is None else f" and asked to wait {wait:g} seconds"
    said = f"{base} answered {status}{asked}" + (f": {detail}" if detail else ".")
    if status < 400:
        return BadResponse(
            f"{base} answered {status} and points to {clean(answer.headers.get('location', ''))!r}.",
            hint="Give the address that it points to; a redirected post would arrive empty.",
        )
    if status in (401, 403):
        return AuthenticationFailed(said, hint="Check the API key." if has_key else "Set `api_key`: none was sent.")
    if status == 404:
        return NotFound(said, hint="Check the model's name, and that the url goes up to and with the version (/v1).")
    if status == 429:
        return RateLimited(
            said,
            hint="Wait and try again, or send less a minute (`requests_per_minute`, `tokens_per_minute`).",
            retry_after=wait,
        )
    if status in (503, 529):
        return Overloaded(
            said, hint="Try again later, or send fewer requests at a time (`concurrency`).", retry_after=wait
        )
    if status >= 500 or status in AGAIN:
        return ModelUnavailable(said, hint="See the server's own log.")
    if _FILTERED.search(answer.text):
        return ContentFiltered(said, hint="Ask another model, or ask otherwise.")
    if status == 413 or _TOO_LONG.search(detail):
        return ContextTooLong(said, hint="Lower `max_tokens` to what the model takes, or send less at once.")
    return ModelError(said, hint="The server does not take this request: see its documentation for what it does take.")


def _detail(answer: Reply) -> str:
    """The server's own words: OpenAI's `error.message`, FastAPI's `detail`, and the like; else the body."""
    try:
        value: Any = json.loads(answer.text)
    except (ValueError, RecursionError):
        return answer.text
    while isinstance(value, dict):
        value = next((value[key] for key in ("error", "message", "detail", "msg") if value.get(key)), str(value))
    return str(value)
