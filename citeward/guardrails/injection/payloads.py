"""Text that was encoded so that nobody reads it but the model."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:\\x)?[0-9A-Fa-f]{2}[ ,:]?){16,}")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9_.+-]){24,}")
_ESCAPED = re.compile(r"(?:\\u00[0-9A-Fa-f]{2}){8,}")
_MOST = 16
"""Payloads decoded in one text; the rest would be looked at in vain, but must not take time."""
_LONGEST = 20_000


@dataclass(frozen=True, kw_only=True)
class Payload:
    """An encoded text, by the offsets of its code."""

    text: str
    start: int
    end: int


def payloads(text: str, /) -> Iterator[Payload]:
    """What in `text` decodes to readable text from base64, hexadecimal, percent or \\u escapes."""
    left = _MOST
    for pattern, decode in ((_BASE64, _base64), (_HEX, _hex), (_PERCENT, _percent), (_ESCAPED, _escaped)):
        for match in pattern.finditer(text):
            decoded = decode(match[0][:_LONGEST])
            if decoded is None or not _readable(decoded):
                continue
            yield Payload(text=decoded, start=match.start(), end=match.end())
            left -= 1
            if not left:
                return


def _base64(code: str) -> str | None:
    stripped = code.rstrip("=").translate(str.maketrans("-_", "+/"))
    stripped = stripped[: len(stripped) - (len(stripped) % 4 == 1)]
    try:
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _hex(code: str) -> str | None:
    try:
        return bytes.fromhex(re.sub(r"\\x|[ ,:]", "", code)).decode("utf-8")
    except (UnicodeDecodeError, ValueError):
        return None


def _percent(code: str) -> str | None:
    if code.count("%") < 3:
        return None
    try:
        return unquote_to_bytes(code.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _escaped(code: str) -> str | None:
    return bytes.fromhex(code.replace("\\u00", "")).decode("latin-1")


def _readable(text: str) -> bool:
    """Words with spaces between, rather than bytes that happen to decode."""
    letters = sum(char.isalpha() or char == " " for char in text)
    return " " in text.strip() and letters >= 0.8 * len(text)
