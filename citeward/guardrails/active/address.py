"""Whether what comes next in a text would stand inside an address."""

from __future__ import annotations

import re

_SCHEMES = "https?|ftp|wss?|file|data|blob|javascript|vbscript|mailto|xmpp|tel|sms|callto|geo|intent"
_TOKEN = re.compile(
    r"(?P<blank>\n[ \t]*\r?\n)|(?P<space>\s+)|(?P<target>\]\()|(?P<define>\]:)|(?P<tag><(?P<name>[a-z/!?][^\s<>/]*))"
    rf"|(?P<address>//|\\\\|www\.|(?:{_SCHEMES}):|\w\.[a-z]{{2,24}}(?::\d+)?[/?#&=])"
    r"|(?P<sign>[<>()\"'=])",
    re.IGNORECASE,
)
RAW_ELEMENTS = frozenset("iframe math noscript object script style svg template textarea title xmp".split())
"""Elements whose content a browser does not show as text."""
_BLOCK = 1_024


class AddressContext:
    """Follows a text, and tells whether a value put in after it would become a part of an address.

    That is so in a run without spaces that holds the beginning of an address, in the target of a link or an image, in
    what follows a definition (`[a]:`), between `<` and `>`, and in elements that run. Errs on the side of yes.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._address = False
        """Whether the run without spaces has begun an address."""
        self._run = False
        """Whether anything came since the last space."""
        self._defined = False
        """Whether only spaces, or one run, came since a definition began."""
        self._depth = 0
        """Brackets of a target that are open."""
        self._angle = False
        """Whether an address between `<` and `>` is open."""
        self._tag = ""
        """The name of the tag that is open."""
        self._quote = ""
        """The quote that the tag's attribute is in; `=` where one may begin."""
        self._raw = ""
        """The element whose content is not text."""

    def feed(self, text: str, /) -> None:
        """Take the next piece, without the values that were put in."""
        self._pending += text
        while len(self._pending) >= 2 * _BLOCK:
            # At a place that depends on the text alone, not on how it was split.
            cut = max(self._pending.rfind(space, 1, _BLOCK) for space in " \n\t")
            cut = cut if cut > 0 else _BLOCK
            self._read(self._pending[:cut])
            self._pending = self._pending[cut:]

    @property
    def inside(self) -> bool:
        """Whether the next character would stand inside an address."""
        self._read(self._pending)
        self._pending = ""
        return bool(
            self._address or self._depth or self._angle or self._tag or self._raw or (self._defined and self._run)
        )

    def value(self) -> None:
        """A value was put in here."""
        self._run = True

    def _read(self, text: str) -> None:
        at = 0
        for token in _TOKEN.finditer(text):
            if token.start() > at:
                self._run = True
                self._quote = "" if self._quote == "=" else self._quote
            at = token.end()
            self._take(token)
        if at < len(text):
            self._run = True
            self._quote = "" if self._quote == "=" else self._quote

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup if token.lastgroup != "name" else "tag"
        if kind in ("blank", "space"):
            self._defined = self._defined and not self._run
            self._run = self._address = False
            if kind == "blank" and not self._quote:
                self._depth, self._angle, self._defined = 0, False, False
                self._tag = self._tag if self._tag.lower() in RAW_ELEMENTS else ""
            elif "\n" in token[0]:
                self._angle = False
            return
        self._run = True
        if kind == "tag":
            self._open(token["name"])
        elif kind == "target":
            self._depth = 1
        elif kind == "define":
            self._defined, self._run = True, False
        elif kind == "address":
            self._address = True
        else:
            self._sign(token[0])

    def _open(self, name: str) -> None:
        if self._raw:
            self._raw = "" if name.lower() == f"/{self._raw}" else self._raw
        elif ":" in name:
            self._angle = self._address = True
        elif not self._tag:
            self._tag, self._quote = name, ""

    def _sign(self, sign: str) -> None:
        if self._tag:
            if sign in "\"'" and self._quote in ("=", sign):
                self._quote = "" if self._quote == sign else sign
            elif sign == "=" and not self._quote:
                self._quote = "="
            elif sign == ">" and self._quote not in ("'", '"'):
                self._raw = self._tag.lower() if self._tag.lower() in RAW_ELEMENTS else ""
                self._tag = self._quote = ""
        elif sign == "<" and (self._depth or self._defined):
            self._angle = True
        elif sign == ">":
            self._angle = False
        elif self._depth and not self._angle:
            self._depth += {"(": 1, ")": -1}.get(sign, 0)
