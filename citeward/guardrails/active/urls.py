"""What a link leads to, read as a browser would read it."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

PLAIN_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""What a link may begin with; everything else runs something, or reads what is not the web's."""
LONG_QUERY = 64
"""Characters of a query or fragment from which it is taken to carry something away."""
NOWHERE = ("localhost", "example.com", "example.net", "example.org")
"""Hosts that belong to nobody who could read what is sent there (RFC 2606), and the machine itself."""
_NOWHERE_ENDS = (".example", ".invalid", ".localhost", ".test")
_IGNORED = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2060\ufeff]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_TO_FILL = re.compile(r"[{}<>$\[\]]|%7b|%3c|=(?:&|#|$)", re.IGNORECASE)


def cleaned(target: str, /) -> str:
    """A link's target without what a browser passes over: entities read, white space and control characters gone.

    >>> cleaned("java&#x73;cript:\\talert(1)"), cleaned("\\\\\\\\host/path")
    ('javascript:alert(1)', '//host/path')
    """
    return _IGNORED.sub("", html.unescape(target)).replace("\\", "/")


def scheme(target: str, /) -> str:
    """What stands before the colon, in small letters; empty for a relative target.

    >>> scheme("HTTPS://host"), scheme("guide.md#part"), scheme("//host/path")
    ('https', '', '')
    """
    match = _SCHEME.match(cleaned(target).lower())
    return match[1] if match else ""


def is_active(target: str, /) -> bool:
    """Whether following it runs or reads something: `javascript:`, `data:`, `file:` and the like."""
    found = scheme(unquote(target))
    return bool(found) and found not in PLAIN_SCHEMES


def is_external(target: str, /) -> bool:
    """Whether it leads to a host of its own, rather than to a page beside the one that it stands on."""
    plain = cleaned(target)
    return plain.startswith("//") or bool(scheme(plain)) or plain.lower().startswith("www.")


def host(target: str, /) -> str:
    """The host that it leads to, without user, port and `www.`; empty where it names none.

    >>> host("https://user@WWW.Host.example:8080/path?q"), host("//host/x"), host("guide.md")
    ('host.example', 'host', '')
    """
    plain = cleaned(target)
    if not is_external(plain):
        return ""
    rest = plain.partition("//")[2] if "//" in plain else plain.removeprefix(f"{scheme(plain)}:")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    name = re.sub(r":\d*$", "", authority).lower().strip(".")
    return name.removeprefix("www.")


def leads_nowhere(target: str, /) -> bool:
    """Whether nobody can read what is sent there."""
    name = host(target)
    return name in NOWHERE or name.startswith("127.") or name.endswith(_NOWHERE_ENDS + tuple(f".{n}" for n in NOWHERE))


def sends(target: str, /) -> bool:
    """Whether its query or fragment looks made to carry something away: long, or with a place to fill in.

    >>> sends("https://host/?page=2"), sends("https://host/?q="), sends("https://host/?q={secret}")
    (False, True, True)
    """
    tail = target[len(without_query(target)) :]
    return len(tail) > LONG_QUERY or (is_external(target) and _TO_FILL.search(tail) is not None)


def without_query(target: str, /) -> str:
    """The target up to its query or fragment."""
    return re.split(r"[?#]", target, maxsplit=1)[0]
