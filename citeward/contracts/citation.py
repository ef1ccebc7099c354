"""A quote from a document, and how well it supports what cites it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """How well a quote supports the sentence that cites it."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A verified quote: ``stored_document.text[quote_start:quote_end] == quote``, or the citation does not exist."""

    start: int
    """Where the cited sentence begins in the answer's text."""
    end: int
    passage_id: str
    document_id: str
    source: str
    quote: str
    quote_start: int
    """Character offset into the stored document."""
    quote_end: int
    label: Label
    score: float
    """How well the quote supports the sentence, 0..1."""
    marker: int
    """The `[n]` in the text that it belongs to."""
    line: int | None = None
    """Line of the document where the quote begins, from 1."""
