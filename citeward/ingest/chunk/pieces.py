"""Blocks packed into pieces: what fits together and belongs together stays together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from citeward.ingest.blocks import Block
from citeward.ingest.chunk.cut import SENTENCES, SPLITS, Sizes, cut
from citeward.ingest.chunk.ruler import Ruler
from citeward.text.sentences import Span, sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """What becomes a chunk."""

    start: int
    end: int
    headings: tuple[str, ...] = ()
    heading: bool = False
    """It holds headings only."""
    header: str = ""
    """The first row of the table that it goes on with."""


@dataclass(frozen=True, kw_only=True)
class Packer:
    """Packs the blocks of one text."""

    text: str
    ruler: Ruler
    sizes: Sizes
    page_ends: Sequence[int] = ()
    """Offsets of the page breaks, in order."""
    by_sentence: bool = False
    """Cut paragraphs between sentences only, and join paragraphs only where one is small."""

    def pieces(self, found: Iterable[Block]) -> list[Piece]:
        """The pieces in order, each of at most ``sizes.most`` tokens unless it is a single character."""
        return self._merged(self._runs(found))

    def _runs(self, found: Iterable[Block]) -> Iterator[Piece]:
        """Neighbouring blocks of one place that fit together; a block that does not fit alone is cut."""
        run: Piece | None = None
        for block in found:
            start, end = block.span.start, block.span.end
            if run is not None:
                together = (
                    not block.heading
                    and run.headings == block.headings
                    and not self._turns(run.end, start)
                    and (
                        not self.by_sentence
                        or run.heading
                        or self._small(run.start, run.end)
                        or self._small(start, end)
                    )
                )
                if together and self._fits(run.start, end):
                    run = replace(run, end=end, heading=False)
                    continue
                # What stands before a block that must be cut in any case goes into its first piece.
                led = together and (run.heading or self._small(run.start, run.end)) and not self._fits(start, end)
                if led:
                    start = run.start
                else:
                    yield run
            if block.heading and self._fits(start, end):
                run = Piece(start=start, end=end, headings=block.headings, heading=True)
                continue
            *done, run = self._cut(block, start)
            yield from done
        if run is not None:
            yield run

    def _cut(self, block: Block, start: int) -> list[Piece]:
        span = Span(start, block.span.end)
        splits = SENTENCES if self.by_sentence else SPLITS[block.kind]
        body = block.span.start + len(block.header)
        return [
            Piece(
                start=one.start,
                end=one.end,
                headings=block.headings,
                header=block.header if one.start >= body else "",
            )
            for one in cut(self.text, span, self.ruler, self.sizes, splits)
        ]

    def _merged(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Small pieces joined to the next one, or else to the one before, where both stand under one heading."""
        merged: list[Piece] = []
        for piece in pieces:
            before = merged[-1] if merged else None
            if (
                before is not None
                and (before.heading or self._small(before.start, before.end) or self._small(piece.start, piece.end))
                and _belong(before.headings, piece.headings)
                and self._fits(before.start, piece.end)
            ):
                merged[-1] = replace(
                    before,
                    end=piece.end,
                    headings=_common(before.headings, piece.headings) or before.headings,
                    heading=before.heading and piece.heading,
                )
            else:
                merged.append(piece)
        return merged

    def _turns(self, end: int, start: int) -> bool:
        """Whether a page ends between two blocks."""
        return bool(self.page_ends) and bisect_left(self.page_ends, end) != bisect_left(self.page_ends, start)

    def _fits(self, start: int, end: int) -> bool:
        return self.ruler.tokens(start, end) <= self.sizes.most

    def _small(self, start: int, end: int) -> bool:
        return self.ruler.tokens(start, end) < self.sizes.least


def overlapping(text: str, pieces: Sequence[Piece], ruler: Ruler, *, overlap: int, most: int) -> Iterator[Piece]:
    """The pieces, each begun earlier by what ends the one before, where both stand in one section.

    What is repeated has at most `overlap` tokens. It begins with a sentence where one is short enough, or with a word.
    """
    yield from pieces[:1]
    for before, piece in pairwise(pieces):
        repeats = _common(before.headings, piece.headings) == piece.headings
        yield replace(piece, start=_earlier(text, before, piece, ruler, overlap, most)) if repeats else piece


def _earlier(text: str, before: Piece, piece: Piece, ruler: Ruler, overlap: int, most: int) -> int:
    """Where `piece` begins when at most `overlap` tokens of `before`, and not all of it, are repeated."""

    def fits(at: int) -> bool:
        return ruler.tokens(at, piece.start) <= overlap and ruler.tokens(at, piece.end) <= most

    found = start = piece.start
    # Twenty times as many characters hold as many sentences as can be short enough.
    window = max(before.start + 1, start - 20 * overlap)
    for one in reversed(sentences(text[window:start])):
        at = window + one.start
        if at == window or not fits(at):
            break
        found = at
    if found < start:
        return found
    for at in range(start - 1, window - 1, -1):
        if not fits(at):
            break
        if not text[at].isspace() and text[at - 1].isspace():
            found = at
    return found


def _belong(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether two places stand under one heading: one inside the other, or sections of one parent."""
    return len(_common(before, after)) >= min(len(before), len(after)) - 1


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if one == other:
        return one
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return one[:shared]
