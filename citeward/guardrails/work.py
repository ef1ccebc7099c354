"""Where a guard's work is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_INLINE = 2_000
"""Characters that are checked on the event loop: well under a millisecond, less than a thread costs."""


async def checked(check: Callable[[str], T], text: str, /) -> T:
    """`check(text)`, in a thread where the text is long, so that the loop stays free and a deadline can pass."""
    return check(text) if len(text) <= _INLINE else await asyncio.to_thread(check, text)
