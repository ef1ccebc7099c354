"""Where a guard's work is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_INLINE = 1_000
"""Characters that are checked on the event loop: of prose well under a millisecond, less than a thread costs, and some
milliseconds whatever they are made of."""


_INLINE_HEAVY = 200
"""The same for a check with a language model: about a sentence."""


async def checked(check: Callable[[str], T], text: str, /, *, heavy: bool = False) -> T:
    """`check(text)`, in a thread where the text is long, so that the loop stays free and a deadline can pass."""
    inline = len(text) <= (_INLINE_HEAVY if heavy else _INLINE)
    return check(text) if inline else await asyncio.to_thread(check, text)
