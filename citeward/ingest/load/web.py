"""Lists of web pages (.urls): an address a line, comments after `#`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urlsplit

from citeward.contracts.retrieval import Document
from citeward.errors import RunError, UnsupportedDocument
from citeward.ingest.load.content import Content, Options, Reading, TextParser, check_length, document
from citeward.ingest.load.decode import text_of
from citeward.ingest.load.fetch import PAUSE, Fetcher, Page, Server
from citeward.ingest.load.markdown import markdown
from citeward.ingest.load.parser_process import Kind, parser_process
from citeward.ingest.load.plain import plain
from citeward.ingest.load.regular_file import read_at_most
from citeward.ingest.load.skipped import Skipped

LARGEST_LIST = 5_000_000
"""Bytes."""
LONGEST_ADDRESS = 2000

TEXTS: Mapping[str, TextParser] = {
    "text/markdown": markdown,
    "text/x-markdown": markdown,
    "text/plain": plain,
}
"""By media type, what is parsed here."""
FILES: Mapping[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
"""By media type, what is parsed in a process of its own."""
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_BY_SUFFIX = {".pdf": "application/pdf", ".docx": list(FILES)[-1], ".md": "text/markdown", ".html": "text/html"}


def web(file: BinaryIO, identity: str, reading: Reading) -> Iterator[Document | Skipped]:
    """The pages that the list names, fetched one after the other, each under the list's id and its address.

    A page that cannot be had is skipped, which keeps its earlier version.
    """
    addresses = _addresses(text_of(read_at_most(file, LARGEST_LIST)))
    requested: dict[str, float] = {}  # host -> when
    with Fetcher(reading.settings.web, _servers(addresses)) as fetcher:
        for url, number in addresses.items():
            place = f"{identity}:{number}"
            try:
                parts = _checked(url)
            except UnsupportedDocument as error:
                yield Skipped(id=place, source=place, reason=error.message)
                continue
            _be_gentle(parts.netloc, requested)
            try:
                content = _parsed(fetcher.fetch(url), parts, reading.options)
            except RunError:
                raise
            except UnsupportedDocument as error:
                yield Skipped(id=f"{identity}/{url}", source=url, reason=error.message)
            except Exception as error:  # noqa: BLE001 - a parser's failure on one page must not stop the others
                yield Skipped(id=f"{identity}/{url}", source=url, reason=f"cannot be parsed: {error!r:.200}")
            else:
                yield document(f"{identity}/{url}", url, content, reading.access)


def _addresses(text: str) -> dict[str, int]:
    """What the lines name, each once, without comments and fragments; with the number of its first line."""
    addresses: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if url := line.strip().partition("#")[0].strip():
            addresses.setdefault(url, number)
    return addresses


def _servers(addresses: Mapping[str, int]) -> set[Server]:
    """The servers that a list names: redirects from one to another are what its author meant."""
    servers = set()
    for url in addresses:
        try:
            _checked(url)
            servers.add(Server.of(url))
        except (UnsupportedDocument, ValueError):
            continue  # reported when its turn comes
    return servers


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


def _be_gentle(host: str, requested: dict[str, float]) -> None:
    """Waits until PAUSE after the last request to the host."""
    if host in requested:
        time.sleep(max(0.0, requested[host] + PAUSE - time.monotonic()))
    requested[host] = time.monotonic()


def _parsed(page: Page, address: SplitResult, options: Options) -> Content:
    path = PurePosixPath(unquote(address.path))
    kind = _BY_SUFFIX.get(path.suffix.lower(), page.kind) if page.kind in _UNTOLD else page.kind
    if kind in TEXTS:
        content = check_length(TEXTS[kind](page.content, charset=page.charset, options=options), options.limits)
    elif kind in FILES:
        content = parser_process().parse(FILES[kind], [page.content], charset=page.charset, options=options)
    else:
        raise UnsupportedDocument(f"content type {kind or 'not named'}", hint="Name pages, texts and PDFs.")
    title = content.title or path.stem or address.netloc
    return Content(text=content.text, title=title, meta=content.meta, groups=content.groups, barred=content.barred)
