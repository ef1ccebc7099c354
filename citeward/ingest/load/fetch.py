"""Gets a web page: within limits of time, size, redirects and kind."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from citeward.errors import UnsupportedDocument

if TYPE_CHECKING:
    import httpx

LARGEST = 20_000_000
"""Bytes of one page, unpacked."""
LONGEST = 60.0
"""Seconds that one page may take in all."""
SILENCE = 15.0
"""Seconds without a byte after which a server is given up."""
MOST_REDIRECTS = 5
TRIES = 3
LONGEST_WAIT = 30.0
"""Seconds; a server that asks for a longer pause (Retry-After) is asked again the next time."""
PAUSE = 0.1
"""Seconds between two requests to one host."""
_BUSY = frozenset({429, 503})


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a server gave."""

    content: bytes
    kind: str
    """The media type in lower case; empty where the server names none."""
    charset: str | None


def client() -> httpx.Client:
    """A client for `fetch`; to be closed by the caller."""
    import httpx

    return httpx.Client(
        follow_redirects=True,
        max_redirects=MOST_REDIRECTS,
        timeout=SILENCE,
        headers={
            "user-agent": "citeward (document indexing)",
            "accept": "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, application/pdf;q=0.8",
            "accept-encoding": "gzip, deflate",
        },
    )


def fetch(client: httpx.Client, url: str) -> Page:
    """The page; a busy server is asked again after the pause that it names.

    Raises:
        UnsupportedDocument: It cannot be had; the message says why.
    """
    import httpx

    deadline = time.monotonic() + LONGEST
    try:
        for _ in range(TRIES):
            with client.stream("GET", url) as response:
                wait = _pause_asked_for(response)
                if wait is None:
                    return _page(response, deadline)
            time.sleep(wait)
    except httpx.TooManyRedirects as error:
        raise _refused(f"more than {MOST_REDIRECTS} redirects") from error
    except httpx.TimeoutException as error:
        raise _refused(f"no answer within {SILENCE:.0f} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _refused(f"cannot be fetched: {error or type(error).__name__}") from error
    raise _refused(f"the server is busy: asked {TRIES} times")


def _refused(reason: str) -> UnsupportedDocument:
    return UnsupportedDocument(reason, hint="Open the address in a browser to see what it gives.")


def _pause_asked_for(response: httpx.Response) -> float | None:
    """Seconds to wait before the next try; None where there is no need to, or the server asks for too long."""
    asked = response.headers.get("retry-after", "")
    if response.status_code not in _BUSY or not asked.isdecimal() or len(asked) > 6:
        return None
    return float(asked) if float(asked) <= LONGEST_WAIT else None


def _page(response: httpx.Response, deadline: float) -> Page:
    if response.status_code != 200:
        raise _refused(f"HTTP {response.status_code}")
    if urlsplit(str(response.url)).scheme not in ("http", "https"):
        raise _refused(f"led to {str(response.url)!r}")
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > LARGEST:
            raise _refused(f"larger than {LARGEST // 1_000_000} MB")
        if time.monotonic() > deadline:
            raise _refused(f"not there within {LONGEST:.0f} s")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Page(content=bytes(content), kind=kind, charset=response.charset_encoding)
