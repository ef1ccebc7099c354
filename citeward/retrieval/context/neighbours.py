"""Passages of one document that stand side by side, made one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile
from typing import TypeAlias

from citeward.contracts.retrieval import MetaValue, Passage, Trust
from citeward.errors import CitewardError

GAP = 16
"""Characters between two passages that may be white space only; a document is not fetched to look at more."""
_STEP = " > "
"""Between two headings of a path."""

StoredText: TypeAlias = Callable[[str], Awaitable[str]]
"""The text of the stored document of that id; raises a CitewardError where it cannot be had."""


async def texts_between(passages: Sequence[Passage], stored_text: StoredText) -> dict[str, str]:
    """The whole text of each document of which two passages stand within `GAP` characters of each other, by id.

    Only these are fetched, all at once: passages that touch or overlap say themselves what stands there. A document
    that cannot be had is left out, and its passages stay apart.
    """
    by_document: dict[str, list[Passage]] = {}
    for passage in passages:
        by_document.setdefault(passage.document_id, []).append(passage)
    wanted = [
        document_id
        for document_id, found in by_document.items()
        if any(0 < right.start - left.end <= GAP for left, right in pairwise(sorted(found, key=lambda p: p.start)))
    ]

    async def text(document_id: str) -> str | None:
        try:
            return await stored_text(document_id)
        except CitewardError:
            return None

    texts = await asyncio.gather(*(text(document_id) for document_id in wanted))
    return {document_id: found for document_id, found in zip(wanted, texts, strict=True) if found is not None}


def merged(best: Passage, other: Passage, stored: str | None) -> Passage | None:
    """One passage in the place of two that touch, overlap, or have only white space between them; None for others.

    It has the id, score, source and title of `best`. Of `meta`, `headings` is the part of the path that both share;
    `page` and `table` are those of where it begins; any other key is kept where both have the same value. It may be
    trusted where both may.

    Args:
        best: The one that ranks higher.
        other: Of the same document or not.
        stored: The document's text, where it is at hand. Without it, passages with white space between stay apart.
    """
    if best.document_id != other.document_id:
        return None
    left, right = sorted((best, other), key=lambda passage: (passage.start, -passage.end))
    text = _union(left, right, stored)
    if text is None:
        return None
    return replace(
        best,
        text=text,
        start=left.start,
        end=max(left.end, right.end),
        meta=_meta(left.meta, right.meta),
        trust=Trust.TRUSTED if best.trust is other.trust is Trust.TRUSTED else Trust.UNTRUSTED,
    )


def _union(left: Passage, right: Passage, stored: str | None) -> str | None:
    """The document's text from the start of one to the end of the other; None where it is not known for certain."""
    shared = left.end - right.start
    if shared >= 0:
        inside = left.text[len(left.text) - shared :][: len(right.text)]
        # Passages of two versions of a document, or of a source that gives no offsets, disagree on what they share.
        return left.text + right.text[shared:] if inside == right.text[:shared] else None
    if stored is None or -shared > GAP or not stored[left.end : right.start].isspace():
        return None
    spans = ((left.text, left.start, left.end), (right.text, right.start, right.end))
    return stored[left.start : right.end] if all(stored[start:end] == text for text, start, end in spans) else None


def _meta(left: Mapping[str, MetaValue], right: Mapping[str, MetaValue]) -> dict[str, MetaValue]:
    kept = {key: value for key, value in left.items() if right.get(key) == value or key in ("page", "table")}
    steps = zip(*(str(meta.get("headings", "")).split(_STEP) for meta in (left, right)), strict=False)
    shared = _STEP.join(one for one, _ in takewhile(lambda step: step[0] == step[1], steps))
    kept.pop("headings", None)
    return kept | ({"headings": shared} if shared else {})
