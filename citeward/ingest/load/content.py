"""What a parser finds in one file, page or record, and the document that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from citeward.contracts.retrieval import Document, MetaValue
from citeward.errors import UnsupportedDocument
from citeward.ingest.load.access import Rules, readers
from citeward.ingest.load.skipped import Skipped
from citeward.settings import IndexSettings, LimitSettings

LONGEST_TITLE = 300


@dataclass(frozen=True, kw_only=True)
class Content:
    """A text, and what it says of itself."""

    text: str
    title: str = ""
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    groups: tuple[str, ...] | None = None
    """None where it names none."""
    barred: str = ""
    """Why it cannot be told who may read it; empty where it can."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What parsers go by."""

    limits: LimitSettings = field(default_factory=LimitSettings)
    other_keys: tuple[str, ...] = ()
    """Keys that look like `groups` and mean something else."""


DEFAULTS = Options()


class Parser(Protocol):
    """Finds the content of a file; raises UnsupportedDocument, or anything that goes wrong in a library."""

    def __call__(self, content: bytes, /, *, options: Options = DEFAULTS) -> Content:
        """The content."""
        ...


class TextParser(Protocol):
    """Likewise, of a text whose encoding the server may have named."""

    def __call__(self, content: bytes, /, *, charset: str | None = None, options: Options = DEFAULTS) -> Content:
        """The content."""
        ...


@dataclass(frozen=True, kw_only=True)
class Access:
    """What is said from outside of who may read documents."""

    rules: Rules
    run: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How files are read, and who may read what is in them."""

    access: Access
    settings: IndexSettings = field(default_factory=IndexSettings)

    @property
    def options(self) -> Options:
        """What parsers go by."""
        return Options(limits=self.settings.limits, other_keys=self.settings.other_keys)


def document(identity: str, source: str, content: Content, access: Access) -> Document | Skipped:
    """The content as a document with its title and its readers, or why it is none."""
    if content.barred:
        return Skipped(id=identity, source=source, reason=content.barred, keep=False)
    try:
        groups = readers(identity, content.groups, access.rules, access.run)
    except UnsupportedDocument as error:
        return Skipped(id=identity, source=source, reason=error.message, keep=False)
    if not content.text.strip():
        return Skipped(id=identity, source=source, reason="empty")
    name = PurePosixPath(identity.rstrip("/")).stem
    return Document(
        id=identity,
        text=whole_characters(content.text),
        source=source,
        title=one_line(content.title) or name,
        meta=content.meta,
        groups=groups,
    )


def check_length(content: Content, limits: LimitSettings) -> Content:
    """The content; raises UnsupportedDocument when it is longer than a file's text may be."""
    if len(content.text) > limits.characters:
        raise too_much_text(limits)
    return content


def too_much_text(limits: LimitSettings) -> UnsupportedDocument:
    """The error for a text that is longer than the limits allow."""
    return UnsupportedDocument(
        f"more than {limits.characters:,} characters of text", hint="Split it, or raise index.limits.characters."
    )


def one_line(title: str) -> str:
    """The title without line breaks, at most LONGEST_TITLE characters."""
    return " ".join(whole_characters(title).split())[:LONGEST_TITLE].rstrip()


def whole_characters(text: str) -> str:
    """The text with half characters, which cannot be stored, made question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
