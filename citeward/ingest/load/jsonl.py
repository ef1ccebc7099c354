"""JSON Lines: a document a line, {id, text, title?, source?, meta?, groups?}."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from citeward.contracts.retrieval import Document
from citeward.errors import UnsupportedDocument
from citeward.ingest.load.access import named_groups
from citeward.ingest.load.content import Access, Content, document
from citeward.ingest.load.meta import plain_meta
from citeward.ingest.load.skipped import Skipped

LARGEST_LINE = 20_000_000
"""Bytes; the file itself may be of any size, since one line is read at a time."""
LONGEST_ID = 1000
MOST_BAD_LINES = 100
"""After as many it is not the file that was meant, and the rest of it is not read."""
_BOM = b"\xef\xbb\xbf"


def jsonl(path: Path, identity: str, access: Access) -> Iterator[Document | Skipped]:
    """The file's documents, each under the file's id and its own: `notes.jsonl/42`.

    A bad line is skipped under the file's own id, so that whatever stood there before is kept until it is mended.
    """
    seen: dict[str, int] = {}
    bad = 0
    with path.open("rb") as file:
        for number, line in _lines(file):
            try:
                record = _record(line)
                name = _new_id(record, seen)
                seen[name] = number
            except UnsupportedDocument as error:
                bad += 1
                yield Skipped(id=identity, source=f"{identity}:{number}", reason=error.message)
                if bad == MOST_BAD_LINES:
                    reason = f"{bad} bad lines; what follows is not read"
                    yield Skipped(id=identity, source=f"{identity}:{number}", reason=reason)
                    return
                continue
            yield _document(record, f"{identity}/{name}", f"{identity}:{number}", access)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines that are not blank, with their numbers from 1; None for one that is too long to be held."""
    number = 0
    while line := file.readline(LARGEST_LINE + 1):
        number += 1
        if len(line) > LARGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(LARGEST_LINE)
            yield number, None
        elif number == 1 and line.startswith(_BOM):
            yield number, line.removeprefix(_BOM)
        elif line.strip():
            yield number, line


def _record(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise UnsupportedDocument(f"longer than {LARGEST_LINE // 1_000_000} MB", hint="Part it into several.")
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnsupportedDocument(f"not JSON: {error}", hint="Write one object a line, in UTF-8.") from error
    if not isinstance(record, dict):
        raise UnsupportedDocument(f"a {type(record).__name__}, not an object", hint="Write {…} on each line.")
    return record


def _new_id(record: dict[str, Any], seen: dict[str, int]) -> str:
    found = record.get("id")
    name = str(found).strip() if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
    if not name or len(name) > LONGEST_ID or not name.isprintable():
        shown = repr(found)[:80]
        raise UnsupportedDocument(f"id is {shown}: it must be a text of one line, or a number", hint="Name each one.")
    if name in seen:
        raise UnsupportedDocument(f"the id {name!r} stands on line {seen[name]} already", hint="Rename one of them.")
    return name


def _document(record: dict[str, Any], identity: str, place: str, access: Access) -> Document | Skipped:
    """The record's document; a `groups` that is not one bars it, however it is spelled."""
    text, title, meta = record.get("text"), record.get("title") or "", record.get("meta") or {}
    for name, value, kind in (("text", text, str), ("title", title, str), ("meta", meta, dict)):
        if not isinstance(value, kind):
            return Skipped(id=identity, source=place, reason=f"{name} is {value!r:.80}: it must be {_KINDS[kind]}")
    given = record.get("source")
    source = given if isinstance(given, str) and given.strip() else identity
    content = Content(text=str(text), title=title or identity.rsplit("/", 1)[-1], meta=plain_meta(meta))
    named = [value for key, value in record.items() if key.lower() in ("groups", "group")]
    if named:
        try:
            content = Content(
                text=content.text, title=content.title, meta=content.meta, groups=named_groups(_only(named))
            )
        except UnsupportedDocument as error:
            return Skipped(id=identity, source=place, reason=error.message, keep=False)
    made = document(identity, source, content, access)
    return made if isinstance(made, Document) else Skipped(id=made.id, source=place, reason=made.reason, keep=made.keep)


_KINDS = {str: "text", dict: "an object"}


def _only(named: list[Any]) -> Any:
    if len(named) > 1:
        raise UnsupportedDocument("it names groups twice", hint="Leave one of the two.")
    return named[0]
