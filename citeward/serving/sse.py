"""Server-sent events (the HTML standard, section 9.2)."""

from __future__ import annotations

from typing import Any

import orjson


def sse(event: str, data: Any) -> bytes:
    """One event. The data is one line of JSON, so it needs no splitting."""
    return b"event: " + event.encode() + b"\r\ndata: " + orjson.dumps(data) + b"\r\n\r\n"
