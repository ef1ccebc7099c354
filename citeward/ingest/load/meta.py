"""What a document says of itself, as values that a filter can compare."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from citeward.contracts.retrieval import MetaValue
from citeward.ingest.load.content import whole_characters

LEFT_OUT = frozenset({"title", "groups", "source", "document_id", "headings", "page", "table"})
"""Keys that are, or would hide, something else that a passage has."""
MOST_KEYS = 32
LONGEST_KEY = 64
LONGEST_VALUE = 500
MOST_ENTRIES = 64
"""Of a list."""


def plain_meta(values: Mapping[Any, object]) -> dict[str, MetaValue]:
    """The first MOST_KEYS plain values: text, numbers, true and false, dates as ISO text, lists of these as texts.

    What is nested, empty, not finite or too long is left out, never cut: a cut value would match no filter.
    """
    meta: dict[str, MetaValue] = {}
    for key, value in values.items():
        if len(meta) == MOST_KEYS:
            break
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or key.lower() in LEFT_OUT:
            continue
        plain = _texts(value) if isinstance(value, (list, tuple)) else _plain(value)
        if plain is not None:
            meta[whole_characters(key)] = plain
    return meta


def _texts(values: list[object] | tuple[object, ...]) -> tuple[str, ...] | None:
    plain = [_plain(value) for value in values[: MOST_ENTRIES + 1]]
    if not 0 < len(plain) <= MOST_ENTRIES or any(value is None for value in plain):
        return None
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in plain)


def _plain(value: object) -> str | int | float | bool | None:
    match value:
        case bool():
            return value
        case int():
            return value if abs(value) < 2**53 else None  # larger ones are not exact wherever floats compare
        case float():
            return value if math.isfinite(value) else None
        case datetime() | date():
            return value.isoformat()
        case str() if value.strip() and len(value) <= LONGEST_VALUE:
            return whole_characters(value)
    return None
