"""Where a passage stands in its document, in words."""

from __future__ import annotations

from collections.abc import Mapping

from citeward.contracts.retrieval import MetaValue


def headings(title: str, meta: Mapping[str, MetaValue]) -> str:
    """The path of headings above a passage; its document's title where it has none."""
    return str(meta.get("headings", "")) or title


def placed(text: str, *, title: str, meta: Mapping[str, MetaValue]) -> str:
    """What a passage's vectors are made from: its headings (or the title) before its text, so that it knows its place.

    >>> placed("Press it twice.", title="Manual", meta={"headings": "Manual > Reset"})
    'Manual > Reset\\nPress it twice.'
    """
    place = headings(title, meta)
    return f"{place}\n{text}" if place else text
