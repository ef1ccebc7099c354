"""Markdown files: the text stays as it is, to the letter."""

from __future__ import annotations

from citeward.ingest.blocks import blocks
from citeward.ingest.load.content import DEFAULTS, Content, Options
from citeward.ingest.load.decode import text_of
from citeward.ingest.load.header import header


def markdown(content: bytes, *, charset: str | None = None, options: Options = DEFAULTS) -> Content:
    """Titled by its front matter, or its first heading."""
    text = text_of(content, charset)
    head = header(text, options.other_keys)
    title = head.title or next((block.headings[-1] for block in blocks(text) if block.heading), "")
    return Content(text=text, title=title, meta=head.meta, groups=head.groups, barred=head.barred)
