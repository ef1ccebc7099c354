"""What a link leads to, read as a Markdown renderer and then a browser would read it."""

from __future__ import annotations

import html
import ipaddress
import re
from urllib.parse import unquote

PLAIN_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""What a link may begin with; everything else runs something, or reads what is not the web's."""
LONG_QUERY = 64
"""Characters of a query or fragment from which it is taken to carry something away."""
NOWHERE = ("localhost", "example.com", "example.net", "example.org")
"""Hosts that belong to nobody who would read what is sent there (RFC 2606), and the machine itself. The top-level
names of that RFC (`.example`, `.test`) are not among them: a search domain or a private resolver may serve them."""
_IGNORED = re.compile(r"[\x00-\x20\x7f-\x9f\u00ad\u200b-\u200f\u2060\ufeff]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Browsers take any number of slashes after a scheme of the web for two.
_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?/*([^/?#]*)", re.IGNORECASE)
_PORT = re.compile(r":\d*\Z")
_TAIL = re.compile(r"[?#]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TO_FILL = re.compile(r"[{}<>$\[\]]|%7b|%3c|=(?:&|#|$)", re.IGNORECASE)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
# What the beginning of a target that leads elsewhere can look like, before anything is decoded.
_MAY_LEAD_ELSEWHERE = re.compile(
    r"[^\w.#?{}\[\]!\"'()*+,;=@^`|~$-]|[a-z][a-z0-9+.-]*[^a-z0-9+.\-/()\[\]#?]|www\.", re.IGNORECASE
)


def cleaned(target: str, /) -> str:
    """A link's target without what a browser passes over: entities read, white space and control characters gone.

    >>> cleaned("java&#x73;cript:\\talert(1)"), cleaned("\\\\\\\\host/path")
    ('javascript:alert(1)', '//host/path')
    """
    plain = html.unescape(target) if "&" in target else target
    return _IGNORED.sub("", plain).replace("\\", "/")


def readings(target: str, /) -> tuple[str, ...]:
    """Every way in which the target may be read, cleaned: to Markdown a backslash escapes what follows it, in an
    autolink or an attribute it stands for itself.

    >>> readings("https\\\\://host/a_b")
    ('https/://host/a_b', 'https://host/a_b')
    """
    plain = cleaned(target)
    if "\\" not in target:
        return (plain,)
    return tuple(dict.fromkeys((plain, cleaned(_ESCAPED.sub(r"\1", target)))))


def scheme(target: str, /) -> str:
    """What stands before the colon, in small letters; empty for a relative target.

    >>> scheme("HTTPS://host"), scheme("guide.md#part"), scheme("//host/path")
    ('https', '', '')
    """
    return _scheme(cleaned(target))


def is_active(target: str, /) -> bool:
    """Whether following it runs or reads something: `javascript:`, `data:`, `file:` and the like."""
    for reading in readings(target):
        for plain in (reading, cleaned(unquote(reading))) if "%" in reading else (reading,):
            found = _scheme(plain)
            if found and found not in PLAIN_SCHEMES:
                return True
    return False


def is_external(target: str, /) -> bool:
    """Whether it leads to a host of its own, rather than to a page beside the one that it stands on."""
    return _MAY_LEAD_ELSEWHERE.match(target) is not None and any(map(_is_external, readings(target)))


def host(target: str, /) -> str:
    """The host that it leads to, without user, port and `www.`; empty where it names none.

    >>> host("https://user@WWW.Host.example:8080/path?q"), host("//host/x"), host("guide.md")
    ('host.example', 'host', '')
    """
    return _host(cleaned(target))


def hosts(target: str, /) -> frozenset[str]:
    """The hosts that it leads to, one for each way to read it."""
    return frozenset(map(_host, readings(target)))


def leads_nowhere(target: str, /) -> bool:
    """Whether nobody can read what is sent there.

    >>> leads_nowhere("http://127.0.0.1:8000/"), leads_nowhere("http://127.attacker.net/")
    (True, False)
    """
    return all(map(_is_nowhere, hosts(target)))


def sends(target: str, /) -> bool:
    """Whether its query or fragment looks made to carry something away: long, or with a place to fill in.

    >>> sends("https://host/?page=2"), sends("https://host/?q="), sends("https://host/?q={secret}")
    (False, True, True)
    """
    tail = target[len(without_query(target)) :]
    return len(tail) > LONG_QUERY or (is_external(target) and _TO_FILL.search(tail) is not None)


def hides(target: str, /) -> bool:
    """Whether there are characters in it that are not drawn, as a browser may send them all the same."""
    return _IGNORED.search(target) is not None


def without_query(target: str, /) -> str:
    """The target up to its query or fragment."""
    return _TAIL.split(target, maxsplit=1)[0]


def _scheme(plain: str) -> str:
    match = _SCHEME.match(plain)
    return match[1].lower() if match else ""


def _is_external(plain: str) -> bool:
    return plain.startswith("//") or _SCHEME.match(plain) is not None or plain[:4].lower() == "www."


def _host(plain: str) -> str:
    if not _is_external(plain):
        return ""
    found = _AUTHORITY.match(plain)
    authority = found[1].rpartition("@")[2] if found else ""
    return _PORT.sub("", authority).lower().strip(".").removeprefix("www.")


def _is_nowhere(name: str) -> bool:
    if name in NOWHERE or name == "[::1]" or name.endswith((".localhost", *(f".{owned}" for owned in NOWHERE))):
        return True
    return _IPV4.fullmatch(name) is not None and name.startswith("127.") and _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.IPv4Address(name).is_loopback
    except ValueError:
        return False
