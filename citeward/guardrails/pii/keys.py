"""What follows the first line of a private key, read as it comes: headers, lines of base64, the last line.

PEM (RFC 7468, and RFC 1421 with the headers of an encrypted key), OpenSSH, OpenPGP (RFC 4880), SSH2 (RFC 4716), PuTTY.
Line ends may be written as escapes, as in JSON and in environment variables, or be spaces, as in what was pasted into
one line; lines may be quoted or indented.
"""

from __future__ import annotations

import enum

import regex

FIRST_LINE = (
    r"-----BEGIN (?:[A-Z0-9]{1,9} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"|---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----|Private-Lines: ?\d{1,4}"
)
"""A pattern of the line that a private key follows."""

_NAMES = (
    "Proc-Type|DEK-Info|Key-Info|MIC-Info|Content-Domain|Originator-[A-Za-z-]{1,20}|Version|Comment|MessageID|Hash"
    "|Charset|Subject|Encryption|Public-Lines|Private-Lines|Private-MAC|Key-Derivation|Argon2-[A-Za-z]{1,20}"
    "|X-[A-Za-z-]{1,24}"
)
_LAST_LINE = regex.compile(r"-----END[A-Z0-9 ]{0,40}-----|---- END[A-Z0-9 ]{0,40} ----")
_HEADER = regex.compile(rf"(?:{_NAMES}):")
_BODY = regex.compile(r"(?:[A-Za-z0-9+/=]|%2[BbFf]|%3[Dd]|\\[/=])++")
_END_OF_LINE = regex.compile(r"(?:\r*\n|\\{1,2}[rn]|%0[ADad])(?:[ \t>#|*\"'+,\r\n]|\\{1,2}[rn]|%0[ADad]){0,80}+")
_LINE = regex.compile(
    rf"(?:[A-Za-z0-9+/=]|%2[BbFf]|%3[Dd]|\\[/=]){{16}}"
    rf"|[A-Za-z0-9+/=]{{1,15}}+{_END_OF_LINE.pattern}(?:-----END|---- END)"
)
"""The beginning of a line of base64: only the last may be short, or the words behind a key would be read as its own."""
_BLANK = regex.compile(r"[ ]{1,4}")
_PASTED = regex.compile(rf"[A-Za-z0-9+/=]{{16}}|-----END|---- END|(?:{_NAMES}):")
"""What goes on a key behind a space."""
_VALUE = regex.compile(r"(?:[^\n\r\\-]|\\(?![nr])|-(?!----END|--- END))*+")
_UNDECIDED = regex.compile(r"(?:\\|-{1,5} ?(?:EN?)?)\Z")


class _Place(enum.Enum):
    BODY = enum.auto()
    LINE = enum.auto()
    """At the beginning of a line, where a header may stand."""
    VALUE = enum.auto()
    """Behind a header's colon."""


class KeyBody:
    """Follows one private key from behind its first line, the same way however the text is split."""

    def __init__(self) -> None:
        self._place = _Place.BODY

    def read(self, text: str, position: int, /, *, final: bool) -> tuple[int, bool]:
        """Read on from `position`: how far the key is sure to go, and whether it has ended there.

        What is behind that waits for more text, no more than some hundred characters; with `final` nothing waits.
        """
        while position < len(text):
            after = self._step(text, position, final=final)
            if after is None:
                return position, False
            if after == position:
                return position, True
            if _LAST_LINE.fullmatch(text, position, after):
                return after, True
            position = after
        return position, final

    def _step(self, text: str, at: int, *, final: bool) -> int | None:
        """Where the next part ends; `at` when none follows, None when that is not seen yet."""
        if self._place is _Place.VALUE:
            value = _VALUE.match(text, at)
            end = value.end() if value else at
            undecided = None if final or end < len(text) else _UNDECIDED.search(text, max(at, end - 10), end)
            if undecided:
                return undecided.start() if undecided.start() > at else None
            self._place = _Place.BODY if end < len(text) else _Place.VALUE
            if end > at:
                return end
        patterns = (_LAST_LINE, _HEADER, _BODY) if self._place is _Place.LINE else (_LAST_LINE, _BODY)
        for pattern in patterns:
            match = pattern.match(text, at, partial=not final)
            if match is not None:
                if match.partial:
                    return None
                self._place = _Place.VALUE if pattern is _HEADER else _Place.BODY
                return match.end()
        for gap, goes_on in ((_END_OF_LINE, (_LAST_LINE, _HEADER, _LINE)), (_BLANK, (_PASTED,))):
            match = gap.match(text, at, partial=not final)
            if match is None:
                continue
            if match.partial or (match.end() == len(text) and not final):
                return None
            following = [pattern.match(text, match.end(), partial=not final) for pattern in goes_on]
            if any(one is not None and not one.partial for one in following):
                self._place = _Place.LINE
                return match.end()
            return None if any(following) else at
        return at
