"""The chunker: one value that says how documents are cut, and cuts them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from citeward.contracts.retrieval import Chunk, Document, MetaValue
from citeward.errors import InvalidInput
from citeward.ingest.blocks import PAGE_BREAK, Block, blocks, front_matter
from citeward.ingest.chunk.cut import Sizes
from citeward.ingest.chunk.pieces import Packer, Piece, overlapping
from citeward.ingest.chunk.ruler import Count, ruler
from citeward.text.tokens import estimate_tokens

MARKDOWN = (".md", ".markdown", ".mdx")
_RENDERED = (".html", ".htm", ".xhtml", ".docx")
"""Files that the loaders turn into Markdown."""
_NOT_RENDERED = (".pdf", ".txt", ".rst")
"""Files that are none even where they come from the web."""
_LONGEST_ROW = 1000
"""Characters of a table's first row that are kept beside each passage of the table."""
_VERSION = 3
"""Raised whenever the same text is cut otherwise."""


@dataclass(frozen=True, kw_only=True)
class Chunker:
    """Cuts documents in one of three ways.

    - `markdown` cuts by headings, then between blocks, then between sentences, then between words; a fenced code block
      stays whole where it fits, and a table is cut between its rows. Documents whose source is no Markdown file, web
      page or Word document are cut as by `recursive`.
    - `recursive` cuts between paragraphs, then lines, then sentences, then words, and reads no markup.
    - `sentence` packs whole sentences, and joins paragraphs only where one is smaller than `min_tokens`.

    Neighbours that are smaller than `min_tokens` are merged where they belong together and fit. A page break ends a
    piece that is large enough. No piece is larger than `max_tokens`, what is repeated included, unless a single
    character is.

    >>> chunks = Chunker()(Document(id="a", text="# Ports\\n\\nIt listens on 8000.", source="a.md"))
    >>> chunks[0].meta["headings"]
    'Ports'
    """

    kind: Literal["markdown", "recursive", "sentence"] = "markdown"
    max_tokens: int = 220
    """MiniLM reads 256 tokens of a text; the rest is room for the title and for what the estimate misses."""
    min_tokens: int = 40
    overlap: int = 0
    """Tokens repeated from the passage before, within a section: whole sentences where they are short enough."""
    count: Count = estimate_tokens
    """Another counter, such as a model's own tokenizer, is exact and slower."""

    def __post_init__(self) -> None:
        if not 0 < self.min_tokens <= self.max_tokens or not 0 <= self.overlap <= self.max_tokens // 2:
            raise InvalidInput(
                f"cannot cut into {self.min_tokens!r} to {self.max_tokens!r} tokens with {self.overlap!r} repeated",
                hint="Keep 0 < min_tokens <= max_tokens and 0 <= overlap <= max_tokens / 2.",
            )

    @property
    def version(self) -> str:
        """Changes with what decides where documents are cut, so that sync cuts anew."""
        sizes = f"{_VERSION}/{self.kind}/{self.max_tokens}/{self.min_tokens}/{self.overlap}"
        if self.count is estimate_tokens:
            return sizes
        return f"{sizes}/{getattr(self.count, '__module__', '')}.{getattr(self.count, '__qualname__', '')}"

    def __call__(self, document: Document) -> list[Chunk]:
        """The document's passages in order; none for a text that is blank.

        A passage's meta names its `headings` (outermost first, joined by ` > `), its `page` from 1 where the text has
        page breaks, and, where it goes on with a table that was cut, the `table`'s first row.
        """
        text = document.text
        measure = ruler(text, self.count)
        ends = [match.start() for match in re.finditer(PAGE_BREAK, text)]
        found = self._blocks(document)
        packer = Packer(
            text=text,
            ruler=measure,
            sizes=Sizes(
                most=self.max_tokens - self.overlap, least=min(self.min_tokens, self.max_tokens - self.overlap)
            ),
            page_ends=ends,
            by_sentence=self.kind == "sentence",
        )
        pieces = packer.pieces(found)
        if self.overlap:
            pieces = list(overlapping(text, pieces, measure, overlap=self.overlap, most=self.max_tokens))
        return [
            Chunk(
                ordinal=ordinal,
                text=text[piece.start : piece.end],
                start=piece.start,
                end=piece.end,
                meta=_meta(piece, ends),
            )
            for ordinal, piece in enumerate(pieces)
        ]

    def _blocks(self, document: Document) -> Iterator[Block]:
        place = re.split("[?#]", document.source.lower())[0]
        written = place.endswith(MARKDOWN)
        start = front_matter(document.text).end if written else 0
        page = place.startswith(("http://", "https://")) and not place.endswith(_NOT_RENDERED)
        markdown = self.kind == "markdown" and (written or page or place.endswith(_RENDERED))
        return blocks(document.text, start, markdown=markdown)


def _meta(piece: Piece, page_ends: list[int]) -> dict[str, MetaValue]:
    meta: dict[str, MetaValue] = {}
    if piece.headings:
        meta["headings"] = " > ".join(piece.headings)
    if page_ends:
        meta["page"] = bisect_left(page_ends, piece.start) + 1
    if piece.header:
        meta["table"] = piece.header[:_LONGEST_ROW]
    return meta
