"""Lists of web pages (.urls): an address a line, comments after `#`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from citeward.contracts.retrieval import Document
from citeward.errors import UnsupportedDocument
from citeward.ingest.load.content import Access, Content, Parser, document
from citeward.ingest.load.decode import text_of
from citeward.ingest.load.docx import docx
from citeward.ingest.load.fetch import PAUSE, Page, client, fetch
from citeward.ingest.load.html import html
from citeward.ingest.load.markdown import markdown
from citeward.ingest.load.pdf import pdf
from citeward.ingest.load.plain import plain
from citeward.ingest.load.skipped import Skipped

LARGEST_LIST = 5_000_000
"""Bytes."""
LONGEST_ADDRESS = 2000


class _TextParser(Protocol):
    def __call__(self, content: bytes, /, *, charset: str | None = None) -> Content: ...


TEXTS: Mapping[str, _TextParser] = {
    "text/html": html,
    "application/xhtml+xml": html,
    "text/markdown": markdown,
    "text/x-markdown": markdown,
    "text/plain": plain,
}
"""By media type, for what may name a charset."""
FILES: Mapping[str, Parser] = {
    "application/pdf": pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": docx,
}
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_BY_SUFFIX = {".pdf": "application/pdf", ".docx": list(FILES)[1], ".md": "text/markdown", ".html": "text/html"}


def web(path: Path, identity: str, access: Access) -> Iterator[Document | Skipped]:
    """The pages that the list names, fetched one after the other, each under the list's id and its address.

    A page that cannot be had is skipped, which keeps its earlier version.
    """
    if path.stat().st_size > LARGEST_LIST:
        raise UnsupportedDocument(f"a list larger than {LARGEST_LIST // 1_000_000} MB", hint="Part it.")
    seen: set[str] = set()
    asked: dict[str, float] = {}  # host -> when
    with client() as connections:
        for number, line in enumerate(text_of(path.read_bytes()).splitlines(), 1):
            url = _address(line)
            if not url or url in seen:
                continue
            seen.add(url)
            place = f"{identity}:{number}"
            try:
                parts = _checked(url)
            except UnsupportedDocument as error:
                yield Skipped(id=place, source=place, reason=error.message)
                continue
            _be_gentle(parts.netloc, asked)
            try:
                content = _parsed(fetch(connections, url), parts)
            except UnsupportedDocument as error:
                yield Skipped(id=f"{identity}/{url}", source=url, reason=error.message)
            except Exception as error:  # noqa: BLE001 - a parser's failure on one page must not stop the others
                yield Skipped(id=f"{identity}/{url}", source=url, reason=f"cannot be parsed: {error!r:.200}")
            else:
                yield document(f"{identity}/{url}", url, content, access)


def _address(line: str) -> str:
    """What the line names, without a comment or a fragment."""
    return line.strip().partition("#")[0].strip()


def _checked(url: str) -> SplitResult:
    """The address's parts; its text is never shown where it may hold a password."""
    if len(url) > LONGEST_ADDRESS or not url.isprintable() or " " in url:
        raise UnsupportedDocument("no address, or more than one", hint="Write one address a line.")
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise UnsupportedDocument(f"no address: {error}", hint="Write it as https://host/path.") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UnsupportedDocument(f"only http and https are fetched, not {url[:80]!r}", hint="Write https://host/path.")
    if "@" in parts.netloc:
        raise UnsupportedDocument("the address holds a user's name", hint="Fetch such a page by other means.")
    return parts


def _be_gentle(host: str, asked: dict[str, float]) -> None:
    """Waits until PAUSE after the last request to the host."""
    if host in asked:
        time.sleep(max(0.0, asked[host] + PAUSE - time.monotonic()))
    asked[host] = time.monotonic()


def _parsed(page: Page, address: SplitResult) -> Content:
    path = PurePosixPath(unquote(address.path))
    kind = _BY_SUFFIX.get(path.suffix.lower(), page.kind) if page.kind in _UNTOLD else page.kind
    if kind in TEXTS:
        parse: Parser = partial(TEXTS[kind], charset=page.charset)
    elif kind in FILES:
        parse = FILES[kind]
    else:
        raise UnsupportedDocument(f"content type {kind or 'not named'}", hint="Name pages, texts and PDFs.")
    content = parse(page.content)
    title = content.title or path.stem or address.netloc
    return Content(text=content.text, title=title, meta=content.meta, groups=content.groups, barred=content.barred)
