"""Cuts documents into passages whose offsets are exact: ``document.text[chunk.start:chunk.end] == chunk.text``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from citeward.contracts.retrieval import Chunk, Document
from citeward.errors import InvalidInput
from citeward.ingest.blocks import Block, blocks
from citeward.ingest.tokens import estimate_tokens
from citeward.text.sentences import Span, sentences

Count: TypeAlias = Callable[[str], int]
MARKDOWN = (".md", ".markdown", ".mdx")


@dataclass(frozen=True, kw_only=True)
class Chunker:
    """Cuts by headings, then between blocks, then between sentences, then between words.

    Neighbours that are smaller than `min_tokens` and stand under one heading are merged; a fenced code block stays
    whole where it fits.
    """

    max_tokens: int = 220
    """MiniLM reads 256 tokens of a text; the rest is room for the title and for what the estimate misses."""
    min_tokens: int = 40
    overlap: int = 0
    """Tokens of whole sentences repeated from the passage before, within a section."""
    count: Count = estimate_tokens

    def __post_init__(self) -> None:
        if not 0 < self.min_tokens <= self.max_tokens or not 0 <= self.overlap < self.max_tokens:
            raise InvalidInput(
                f"cannot cut into {self.min_tokens!r} to {self.max_tokens!r} tokens with {self.overlap!r} repeated",
                hint="Keep 0 < min_tokens <= max_tokens and 0 <= overlap < max_tokens.",
            )

    @property
    def version(self) -> str:
        """Changes with what decides where documents are cut, so that sync cuts anew."""
        return f"2/{self.max_tokens}/{self.min_tokens}/{self.overlap}"

    def __call__(self, document: Document) -> list[Chunk]:
        """The document's passages in order; none for a text that is blank."""
        text = document.text
        markdown = document.source.lower().endswith(MARKDOWN)
        pieces = list(self._pieces(text, blocks(text, markdown=markdown)))
        merged = self._merged(text, pieces)
        return [
            Chunk(
                ordinal=ordinal,
                text=text[piece.span.start : piece.span.end],
                start=piece.span.start,
                end=piece.span.end,
                meta={"headings": " > ".join(piece.headings)} if piece.headings else {},
            )
            for ordinal, piece in enumerate(self._overlapping(text, merged))
        ]

    def _pieces(self, text: str, found: Iterator[Block]) -> Iterator[Block]:
        """Runs of blocks of one section that fit together; a block that does not fit alone is cut."""
        run: Block | None = None
        for block in found:
            if run is not None and not block.heading and run.headings == block.headings:
                together = replace(run, span=Span(run.span.start, block.span.end))
                if self._fits(text, together.span):
                    run = replace(together, heading=False)
                    continue
            if run is not None:
                yield from self._cut(text, run)
            run = block
        if run is not None:
            yield from self._cut(text, run)

    def _cut(self, text: str, block: Block) -> Iterator[Block]:
        if self._fits(text, block.span):
            yield block
            return
        for span in self._spans(text, block.span):
            yield Block(span=span, headings=block.headings)

    def _spans(self, text: str, span: Span) -> Iterator[Span]:
        """Sentences packed up to the limit; lines of code and words where a sentence is too long itself."""
        atoms: list[Span] = []
        for part in sentences(span.of(text)):
            sentence = Span(span.start + part.start, span.start + part.end)
            atoms += [sentence] if self._fits(text, sentence) else list(self._words(text, sentence))
        run: Span | None = None
        for atom in atoms:
            if run is not None and self._fits(text, Span(run.start, atom.end)):
                run = Span(run.start, atom.end)
                continue
            if run is not None:
                yield run
            run = atom
        if run is not None:
            yield run

    def _words(self, text: str, span: Span) -> Iterator[Span]:
        """Runs of words up to the limit; a run without white space is cut where it must be."""
        start = span.start
        while start < span.end:
            end = self._reach(text, start, span.end)
            if end < span.end:
                space = max(text.rfind(mark, start + 1, end) for mark in "\n \t")
                end = space if space > start else end
            stop = end
            while stop > start and text[stop - 1].isspace():
                stop -= 1
            if stop > start:
                yield Span(start, stop)
            start = end
            while start < span.end and text[start].isspace():
                start += 1

    def _reach(self, text: str, start: int, limit: int) -> int:
        """The furthest end from `start` that fits, at least one character on."""
        low, high = start + 1, limit
        while low < high:
            middle = (low + high + 1) // 2
            if self._fits(text, Span(start, middle)):
                low = middle
            else:
                high = middle - 1
        return low

    def _merged(self, text: str, pieces: Sequence[Block]) -> list[Block]:
        """Small pieces joined to the next one, or else to the one before, where both stand under one heading."""
        merged: list[Block] = []
        for piece in pieces:
            before = merged[-1] if merged else None
            if before is not None and self._belong(before, piece):
                together = Span(before.span.start, piece.span.end)
                small = self.min_tokens > min(self.count(before.span.of(text)), self.count(piece.span.of(text)))
                if (small or before.heading) and self._fits(text, together):
                    merged[-1] = Block(
                        span=together,
                        headings=_common(before.headings, piece.headings) or before.headings,
                        heading=before.heading and piece.heading,
                    )
                    continue
            merged.append(piece)
        return merged

    def _belong(self, before: Block, after: Block) -> bool:
        """Whether both stand under one heading: one inside the other, or sections of one parent."""
        shared = len(_common(before.headings, after.headings))
        return shared >= min(len(before.headings), len(after.headings)) - 1

    def _overlapping(self, text: str, pieces: Sequence[Block]) -> Iterator[Block]:
        if pieces:
            yield pieces[0]
        for before, piece in pairwise(pieces):
            start = piece.span.start
            if self.overlap and _common(before.headings, piece.headings) == piece.headings:
                for part in reversed(sentences(before.span.of(text))):
                    candidate = before.span.start + part.start
                    if self.count(text[candidate : piece.span.start]) > self.overlap:
                        break
                    start = candidate
            yield replace(piece, span=Span(start, piece.span.end))

    def _fits(self, text: str, span: Span) -> bool:
        length = span.end - span.start
        # A token is a character or more, and few words are longer than forty: most spans need no counting.
        if length <= self.max_tokens or length > 40 * self.max_tokens:
            return length <= self.max_tokens
        return self.count(span.of(text)) <= self.max_tokens


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return one[:shared]
