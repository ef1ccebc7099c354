"""Citations on a stream of released text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from citeward.citations.align import Aligner
from citeward.citations.markers import MarkerStream, Sentence
from citeward.citations.verify import judge
from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.citation import Citation, Label
from citeward.contracts.event import Cited, TextDelta
from citeward.contracts.retrieval import Embedder, Passage
from citeward.errors import CitewardError

StoredText = Callable[[str], Awaitable[str]]
"""The text of the stored document of that id; raises a CitewardError where it cannot be had."""


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """How far a Citer has come with an answer whose next model call is still to be made."""

    pending: tuple[str, int] = ("", 0)
    """The text of the sentence that is not complete; see `MarkerStream.pending`."""
    held: int = 0
    """How many characters at its end have not been released."""
    released: bool = False
    """Whether anything was."""
    dropped: bool = False
    """Whether a sentence was left out."""


class Citer:
    """Follows one answer's text and gives each piece back with the citations that it completes.

    With ``on_unsupported="flag"`` text passes at once, unchanged, and a citation follows the sentence it belongs to.
    With ``"drop"`` a sentence is held back until it is complete and its citations are verified, and left out where it
    has markers of which none holds; where that leaves nothing, the answer is `NOT_ENOUGH`.

    Args:
        passages: Numbered from 1, as the prompt numbered them.
        stored_text: Where quotes are looked up. A quote that is not found there at its offsets makes no citation.
        embedder: Judges sentences that are not quoted word for word; None judges by words alone.
        on_unsupported: What is done with a sentence that its citations do not support.
        earlier: How far the answer had come when the model call before this one ended. Offsets are counted from the
            beginning of this one.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        stored_text: StoredText,
        *,
        embedder: Embedder | None = None,
        on_unsupported: Literal["flag", "drop"] = "flag",
        earlier: Sentences | None = None,
    ) -> None:
        earlier = earlier or Sentences()
        self._passages = passages
        self._stored_text = stored_text
        self._embedder = embedder
        self._dropping = on_unsupported == "drop"
        self._markers = MarkerStream(len(passages), pending=earlier.pending)
        self._documents: dict[str, str | None] = {}
        self._aligners: dict[int, Aligner] = {}
        text = earlier.pending[0]
        self._held = text[len(text) - earlier.held :]
        """What came in and was not released; empty unless dropping."""
        self._begin = -len(self._held)
        """Characters that came in before `_held`."""
        self._released = 0
        """Characters that were released."""
        self._released_before = earlier.released
        self._dropped = earlier.dropped

    @property
    def sentences(self) -> Sentences:
        """How far it has come, for the Citer of the answer's next model call."""
        return Sentences(
            pending=self._markers.pending,
            held=len(self._held),
            released=self._any_released,
            dropped=self._dropped,
        )

    @property
    def held(self) -> str:
        """What came in and was not released yet."""
        return self._held

    @property
    def _any_released(self) -> bool:
        return self._released_before or self._released > 0

    async def feed(self, text: str, /) -> list[TextDelta | Cited]:
        """Take the next piece; return what may be emitted now, in order."""
        complete = self._markers.feed(text)
        if self._dropping:
            self._held += text
            return [event for sentence in complete for event in await self._decided(sentence)]
        events: list[TextDelta | Cited] = [TextDelta(text=text)] if text else []
        self._released += len(text)
        return events + [event for sentence in complete for event in await self._flagged(sentence)]

    async def close(self) -> list[TextDelta | Cited]:
        """The stream has ended; return the rest."""
        complete = self._markers.close()
        if not self._dropping:
            return [event for sentence in complete for event in await self._flagged(sentence)]
        events = [event for sentence in complete for event in await self._decided(sentence)]
        self._trim()
        if self._held.strip() or not self._dropped:
            events += self._release(self._begin + len(self._held))
        if self._dropped and not self._any_released:
            events.append(TextDelta(text=NOT_ENOUGH))
        return events

    async def _flagged(self, sentence: Sentence) -> list[TextDelta | Cited]:
        return [Cited(citation=c) for c in await self._verified(sentence, sentence.start, sentence.end)]

    async def _decided(self, sentence: Sentence) -> list[TextDelta | Cited]:
        """The sentence with its citations, or nothing where it has markers and none of them holds."""
        self._trim()
        if not sentence.clauses:
            return self._release(sentence.end)
        shift = self._released - self._begin
        citations = await self._verified(sentence, sentence.start + shift, sentence.end + shift)
        if any(citation.label is not Label.UNSUPPORTED for citation in citations):
            return [*self._release(sentence.end), *(Cited(citation=citation) for citation in citations)]
        self._dropped = True
        self._forget(sentence.end)
        return []

    def _release(self, end: int) -> list[TextDelta | Cited]:
        """What is held up to `end`, counted in what came in."""
        piece = self._held[: end - self._begin]
        self._forget(end)
        self._released += len(piece)
        return [TextDelta(text=piece)] if piece else []

    def _trim(self) -> None:
        """Where all before was dropped, the answer does not begin with white space."""
        if self._dropped and not self._any_released:
            self._forget(self._begin + len(self._held) - len(self._held.lstrip()))

    def _forget(self, end: int) -> None:
        self._held = self._held[end - self._begin :]
        self._begin = end

    async def _verified(self, sentence: Sentence, start: int, end: int) -> list[Citation]:
        found: dict[tuple[int, str], Citation] = {}
        for clause in sentence.clauses:
            for number in clause.numbers:
                citation = await self._citation(number, clause.text, sentence.text, start, end)
                if citation is not None:
                    found.setdefault((number, citation.quote), citation)
        return list(found.values())

    async def _citation(self, number: int, clause: str, sentence: str, start: int, end: int) -> Citation | None:
        """The citation, or None where its quote does not stand in the stored text."""
        passage = self._passages[number - 1]
        stored = await self._stored(passage.document_id)
        if stored is None or stored[passage.start : passage.end] != passage.text:
            return None
        # A clause of a word or two says too little to be found by.
        said = clause if len(clause.split()) > 2 else sentence
        if number not in self._aligners:
            self._aligners[number] = Aligner(passage.text)
        aligned = self._aligners[number].find(said)
        if aligned is None:
            return None
        quote = aligned.span.of(passage.text)
        similarity = None if aligned.exact else await self._similarity(said, quote)
        judged = judge(said, quote, similarity=similarity)
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

    async def _stored(self, document_id: str) -> str | None:
        if document_id not in self._documents:
            try:
                self._documents[document_id] = await self._stored_text(document_id)
            except CitewardError:
                self._documents[document_id] = None
        return self._documents[document_id]

    async def _similarity(self, sentence: str, quote: str) -> float | None:
        if self._embedder is None:
            return None
        one, other = await self._embedder.embed([sentence, quote])
        return float(one @ other)
