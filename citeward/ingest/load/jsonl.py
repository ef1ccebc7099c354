"""JSON Lines: a document a line, {id, text, title?, source?, meta?, groups?}."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import orjson

from citeward.contracts.retrieval import Document
from citeward.errors import UnsupportedDocument
from citeward.ingest.load.access import named_groups, shown
from citeward.ingest.load.content import Content, Reading, check_length, document
from citeward.ingest.load.group_keys import EXACT, means_groups
from citeward.ingest.load.meta import plain_meta
from citeward.ingest.load.regular_file import size
from citeward.ingest.load.skipped import Skipped

MOST_BRACKETS = 1_000_000
"""In one line; each list or object takes some sixty bytes of memory, whatever its text takes."""
LONGEST_ID = 1000
MOST_BAD_LINES = 100
"""After as many it is not the file that was meant, and the rest of it is not read."""
_BOM = b"\xef\xbb\xbf"


def jsonl(file: BinaryIO, identity: str, reading: Reading) -> Iterator[Document | Skipped]:
    """The file's documents, each under the file's id and its own: `notes.jsonl/42`.

    The file may be of any size, since one line is read at a time. A bad line is skipped under the file's own id, so
    that whatever stood there before is kept until it is mended.
    """
    seen: dict[str, int] = {}
    bad = 0
    most = reading.settings.limits.text_bytes
    for number, line in _lines(file, most):
        try:
            record = _record(line, most)
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
        yield _document(record, line or b"", f"{identity}/{name}", f"{identity}:{number}", reading)


def _lines(file: BinaryIO, most: int) -> Iterator[tuple[int, bytes | None]]:
    """Lines that are not blank, with their numbers from 1; None for one that is too long to be held."""
    number = 0
    while line := file.readline(most + 1):
        number += 1
        if len(line) > most:
            while line and not line.endswith(b"\n"):
                line = file.readline(most)
            yield number, None
        elif number == 1 and line.startswith(_BOM):
            while line.startswith(_BOM):
                line = line.removeprefix(_BOM)
            if line.strip():
                yield number, line
        elif line.strip():
            yield number, line


def _record(line: bytes | None, most: int) -> dict[str, Any]:
    if line is None:
        raise UnsupportedDocument(f"longer than {size(most)}", hint="Part it into several.")
    if len(line) > MOST_BRACKETS and line.count(b"[") + line.count(b"{") > MOST_BRACKETS:
        raise UnsupportedDocument(f"more than {MOST_BRACKETS:,} lists and objects", hint="Part it into several.")
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
        raise UnsupportedDocument(
            f"id is {shown(found)}: it must be a text of one line, or a number", hint="Name each one."
        )
    if name in seen:
        raise UnsupportedDocument(f"the id {name!r} stands on line {seen[name]} already", hint="Rename one of them.")
    return name


def _document(record: dict[str, Any], line: bytes, identity: str, place: str, reading: Reading) -> Document | Skipped:
    """The record's document; a key that seems to name groups and does not bars it."""
    text, title, meta = record.get("text"), record.get("title") or "", record.get("meta") or {}
    try:
        groups = _groups(record, line, reading.settings.other_keys)
    except UnsupportedDocument as error:
        return Skipped(id=identity, source=place, reason=error.message, keep=False)
    for name, value, kind in (("text", text, str), ("title", title, str), ("meta", meta, dict)):
        if not isinstance(value, kind):
            return Skipped(id=identity, source=place, reason=f"{name} is {shown(value)}: it must be {_KINDS[kind]}")
    given = record.get("source")
    source = given if isinstance(given, str) and given.strip() else identity
    content = Content(text=str(text), title=title or identity.rsplit("/", 1)[-1], meta=plain_meta(meta), groups=groups)
    try:
        made = document(identity, source, check_length(content, reading.settings.limits), reading.access)
    except UnsupportedDocument as error:
        return Skipped(id=identity, source=place, reason=error.message)
    return made if isinstance(made, Document) else Skipped(id=made.id, source=place, reason=made.reason, keep=made.keep)


_KINDS = {str: "text", dict: "an object"}
_NESTED = ("meta", "metadata", "access")
"""Objects of a record in which groups are looked for, though none may be named there."""


def _groups(record: dict[str, Any], line: bytes, other_keys: Collection[str]) -> tuple[str, ...] | None:
    """The groups that a record names.

    Raises:
        UnsupportedDocument: It seems to name some, and they cannot be told.
    """
    nested = {f"{name}.{key}": key for name in _NESTED if isinstance(record.get(name), dict) for key in record[name]}
    keys = {**{key: key for key in record}, **nested}
    named = [path for path, key in keys.items() if means_groups(key) and not {path, key} & set(other_keys)]
    if not named:
        return None
    # The reader keeps the last of two equal keys, and says nothing.
    if len(named) > 1 or _is_twice(line, named[0]):
        raise UnsupportedDocument(f"it names groups twice: {' and '.join(map(repr, named))}", hint="Leave one of them.")
    if named[0].lower() not in (EXACT, "group"):
        raise UnsupportedDocument(
            f"it has the key {named[0][:80]!r}, which looks like `groups` and is not",
            hint="Write `groups`, or name the key in other_keys under [index] when it means something else.",
        )
    return named_groups(record[named[0]])


def _is_twice(line: bytes, key: str) -> bool:
    """Whether an object of the line has the key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if sum(name == key for name, _ in pairs) > 1:
            raise KeyError(key)
        return dict(pairs)

    try:
        json.loads(line, object_pairs_hook=once)
    except KeyError:
        return True
    except (ValueError, RecursionError):
        return True  # the two readers do not agree
    return False
