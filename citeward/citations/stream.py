"""Citations on a stream of released text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from citeward.citations.align import align
from citeward.citations.markers import Cited as CitedText
from citeward.citations.markers import cited
from citeward.citations.verify import judge
from citeward.contracts.answer import NOT_ENOUGH, Citation, Label
from citeward.contracts.event import Cited, TextDelta
from citeward.contracts.retrieval import Embedder, Passage
from citeward.errors import CitewardError
from citeward.text.sentences import sentences

StoredText = Callable[[str], Awaitable[str]]
"""The text of the stored document of that id; raises a CitewardError where it cannot be had."""


class Citer:
    """Follows one answer's text and gives each piece back with the citations that it completes.

    With ``on_unsupported="flag"`` text passes at once, unchanged, and a citation follows the sentence it belongs to.
    With ``"drop"`` a sentence is held back until its citations are verified, and left out where none of them holds.

    Args:
        passages: Numbered from 1, as the prompt numbered them.
        stored_text: Where quotes are looked up. A quote that is not found there at its offsets makes no citation.
        embedder: Judges sentences that are not quoted word for word; None judges by words alone.
        on_unsupported: What is done with a sentence that its citation does not support.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        stored_text: StoredText,
        *,
        embedder: Embedder | None = None,
        on_unsupported: Literal["flag", "drop"] = "flag",
    ) -> None:
        self._passages = passages
        self._stored_text = stored_text
        self._embedder = embedder
        self._dropping = on_unsupported == "drop"
        self._text = ""
        """What came in from the end of the last cited sentence on; in drop mode, what is held back."""
        self._passed = 0
        """Characters of `_text` that were released already."""
        self._released = 0
        """Characters released before `_text`."""
        self._dropped = False

    async def feed(self, text: str, /) -> list[TextDelta | Cited]:
        """Take the next piece; return what may be emitted now, in order."""
        self._text += text
        events: list[TextDelta | Cited] = []
        if not self._dropping:
            events += self._pass(len(self._text))
        if "]" in self._text:
            await self._settle(events, closing=False)
        if self._dropping and "[" not in self._text:
            spans = sentences(self._text)
            if len(spans) > 2:
                events += self._pass(spans[-2].start)
                self._forget(spans[-2].start)
        return events

    async def close(self) -> list[TextDelta | Cited]:
        """The stream has ended; return the rest."""
        events: list[TextDelta | Cited] = []
        await self._settle(events, closing=True)
        events += self._pass(len(self._text))
        self._forget(len(self._text))
        if self._dropped and not self._released:
            events.append(TextDelta(text=NOT_ENOUGH))
        return events

    async def _settle(self, events: list[TextDelta | Cited], *, closing: bool) -> None:
        """Verify each cited sentence that is complete, and forget the text up to its end."""
        done = 0
        for found in list(cited(self._text, 0, closing=closing)):
            begin = found.sentence.start - done
            end = found.end - done
            if self._dropping:
                events += self._pass(begin)
            shifted = self._released + begin
            citations = await self._verified(found, self._text[begin : found.sentence.end - done], shifted)
            if self._dropping and all(citation.label is Label.UNSUPPORTED for citation in citations):
                self._dropped = True
                self._text = self._text[:begin] + self._text[end:]
                self._forget(begin)
            else:
                events += self._pass(end)
                events += [Cited(citation=citation) for citation in citations]
                self._forget(end)
            done = found.end

    def _pass(self, end: int) -> list[TextDelta | Cited]:
        """Release the held text up to `end`."""
        if end <= self._passed:
            return []
        piece = self._text[self._passed : end]
        self._passed = end
        return [TextDelta(text=piece)]

    def _forget(self, end: int) -> None:
        """The text up to `end` is settled."""
        self._released += end
        self._text = self._text[end:]
        self._passed = max(0, self._passed - end)

    async def _verified(self, found: CitedText, sentence: str, start: int) -> list[Citation]:
        end = start + found.end - found.sentence.start
        citations = [
            await self._citation(number, sentence, start, end)
            for number in found.numbers
            if 1 <= number <= len(self._passages)
        ]
        return [citation for citation in citations if citation is not None]

    async def _citation(self, number: int, sentence: str, start: int, end: int) -> Citation | None:
        """The citation, or None where its quote does not stand in the stored text."""
        passage = self._passages[number - 1]
        try:
            stored = await self._stored_text(passage.document_id)
        except CitewardError:
            return None
        if stored[passage.start : passage.end] != passage.text:
            return None
        aligned = align(sentence, passage.text)
        if aligned is None:
            return None
        quote = aligned.span.of(passage.text)
        similarity = None if aligned.exact else await self._similarity(sentence, quote)
        judged = judge(sentence, quote, similarity=similarity)
        quote_start = passage.start + aligned.span.start
        return Citation(
            start=start,
            end=end,
            passage_id=passage.id,
            document_id=passage.document_id,
            source=passage.source,
            quote=quote,
            quote_start=quote_start,
            quote_end=quote_start + len(quote),
            label=judged.label,
            score=judged.score,
            marker=number,
            line=stored.count("\n", 0, quote_start) + 1,
        )

    async def _similarity(self, sentence: str, quote: str) -> float | None:
        if self._embedder is None:
            return None
        one, other = await self._embedder.embed([sentence, quote])
        return float(one @ other)
