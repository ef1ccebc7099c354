"""Documents from any LangChain loader."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from citeward.contracts.retrieval import Document
from citeward.ingest.load.access import shown
from citeward.ingest.load.content import one_line, whole_characters
from citeward.ingest.load.group_keys import EXACT, suspicious
from citeward.ingest.load.meta import plain_meta
from citeward.ingest.load.skipped import Skipped

if TYPE_CHECKING:
    from langchain_core.document_loaders import BaseLoader
    from langchain_core.documents import Document as Record

POSITIONS = ("page", "row", "seq_num", "start_index")
"""Keys by which loaders tell the records of one source apart."""
_FAILURES = 100
"""In a row, after which a loader is given up."""


def documents_from(
    loader: BaseLoader, *, trust_groups: bool = False, other_keys: Collection[str] = ()
) -> Iterator[Document | Skipped]:
    """What a LangChain loader (langchain-community's included) brings, one record at a time.

    A record's id is its own, or its `source` with its page or row (`report.pdf#page=3`). The second record of a source
    that has no such position, and a record without a source, get a digest of their text instead, so that ids stay the
    same from one run to the next. Metadata becomes `meta` by the rule for files: text, numbers, true and false, dates
    and lists of these are kept; what is nested, empty or too long is left out.

    A record that cannot be used is skipped with the reason. A loader that fails is asked for its next record; one
    written as a generator has none then.

    Args:
        loader: Read lazily where it can be.
        trust_groups: Take `groups` in the metadata for who may read the record. Otherwise a record that names groups
            is skipped, because whoever wrote it would decide who reads it, and leaving them out would show it to all.
            So is one with a key that looks like `groups`, such as `group`.
        other_keys: Such keys that mean something else.

    >>> from langchain_core.document_loaders import BaseLoader
    >>> from langchain_core.documents import Document as Record
    >>> class Notes(BaseLoader):
    ...     def lazy_load(self):
    ...         yield Record("It rains.", metadata={"source": "notes.txt", "row": 1})
    >>> [document.id for document in documents_from(Notes())]
    ['notes.txt#row=1']
    """
    name = type(loader).__name__
    seen: dict[str, str] = {}
    for record in _records(loader, name):
        yield record if isinstance(record, Skipped) else _document(record, name, seen, trust_groups, other_keys)


def _records(loader: BaseLoader, name: str) -> Iterator[Record | Skipped]:
    failures = 0
    records: Iterator[Record] | None = None
    while failures < _FAILURES:
        try:
            records = loader.lazy_load() if records is None else records
            record = next(records)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - a loader may raise anything; the rest of the index goes on
            failures += 1
            yield Skipped(id=name, source=name, reason=f"the loader failed: {type(error).__name__}: {error}")
            if records is None:
                return
        else:
            failures = 0
            yield record


def _document(
    record: Record, name: str, seen: dict[str, str], trust_groups: bool, other_keys: Collection[str]
) -> Document | Skipped:
    metadata: Mapping[Any, Any] = record.metadata
    text = whole_characters(record.page_content)
    digest = hashlib.sha256(text.encode()).hexdigest()
    source = whole_characters(str(metadata.get("source") or "")) or name
    identity = _identity(record, source, source != name, digest)
    if seen.setdefault(identity, digest) != digest:
        identity = f"{identity}#{digest[:16]}"
    if not text.strip():
        return Skipped(id=identity, source=source, reason="empty")
    if alike := suspicious(metadata, other_keys):
        reason = f"its metadata has the key {alike[0]!r}, which looks like 'groups': rename it, or give other_keys"
        return Skipped(id=identity, source=source, reason=reason, keep=False)
    if EXACT in metadata and not trust_groups:
        reason = "its metadata names groups, which nobody said to trust"
        return Skipped(id=identity, source=source, reason=reason, keep=False)
    groups = _groups(metadata[EXACT]) if EXACT in metadata else ()
    if groups is None:
        reason = f"its groups {shown(metadata[EXACT])} are no list of texts"
        return Skipped(id=identity, source=source, reason=reason, keep=False)
    return Document(
        id=identity,
        text=text,
        source=source,
        title=one_line(str(metadata.get("title") or "")),
        meta=plain_meta(metadata),
        groups=groups,
    )


def _identity(record: Record, source: str, placed: bool, digest: str) -> str:
    if record.id:
        return whole_characters(record.id)
    position = "".join(f"#{key}={record.metadata[key]}" for key in POSITIONS if record.metadata.get(key) is not None)
    if placed or position:
        return whole_characters(source + position)
    return f"{source}#{digest[:16]}"


def _groups(named: object) -> tuple[str, ...] | None:
    """The groups; None where they cannot be told. An empty list would open the record to all, and is not taken."""
    listed = [named] if isinstance(named, str) else named
    if not isinstance(listed, (list, tuple, set, frozenset)) or not listed:
        return None
    if not all(isinstance(one, str) and one.strip() for one in listed):
        return None
    return tuple(sorted({whole_characters(str(one)) for one in listed}))
