"""How a client is told when to come again."""

from __future__ import annotations

import math


def retry_after(seconds: float | None) -> dict[str, str]:
    """The header `Retry-After` (RFC 9110, 10.2.3), in whole seconds, rounded up; no header where nobody named a time.

    >>> retry_after(2.5), retry_after(None)
    ({'Retry-After': '3'}, {})
    """
    return {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}
