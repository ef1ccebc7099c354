"""The address of an endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from citeward.errors import SettingsError

_SHOWN = re.compile(r"//[^/]*@")
"""What may be a password, which no error repeats."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """An http or https url in its two parts."""

    base: str
    """Without the query, and without a slash at the end."""
    query: str = ""
    """With its question mark; empty where there is none."""


def address(url: str) -> Address:
    """The url, checked.

    Raises:
        SettingsError: It is none, or carries a password.
    """
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except (ValueError, AttributeError):
        good = False
    if not good:
        raise SettingsError(
            f"{_SHOWN.sub('//', str(url))!r} is no address of an HTTP endpoint.",
            hint="Write it with http:// or https://, up to and with the version, as http://127.0.0.1:8001/v1.",
        )
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            f"The address of {parts.hostname!r} carries a user name or a password.",
            hint="Leave it out of the url and give it as `api_key` or in `headers`.",
        )
    if not parts.geturl().isascii() or any(character.isspace() for character in parts.geturl()):
        raise SettingsError(f"{url!r} has characters that an address cannot have.", hint="Encode them with %.")
    base = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    return Address(base=base, query=f"?{parts.query}" if parts.query else "")
