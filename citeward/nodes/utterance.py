"""The way of one model call's text: output guards, placeholders back, citations, sink."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from citeward.citations.stream import Citer, Sentences
from citeward.contracts.citation import Citation
from citeward.contracts.event import Cited, Event, TextDelta
from citeward.contracts.guardrail import Verdict
from citeward.guardrails.stream import Progress, Release

_SLICE = 2_000
"""Characters that are guarded at a time: a few milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Paused:
    """How far an answer had come when one of its model calls ended."""

    text: Progress
    sentences: Sentences
    unreleased: str
    """What would leave if it ended here."""


class Utterance:
    """Releases what a model says as it is checked; raw text exists only inside.

    Args:
        release: The policy's guards on the stream; the vault gives its values back at their end.
        citer: Finds and verifies citations in the released text.
        emit: Takes each event.
        base: Characters that were released earlier in the turn; citations' offsets count from the turn's beginning.

    The release and the citer of a later call go on from those of the call before it; see `pause`.
    """

    def __init__(self, release: Release, citer: Citer, emit: Callable[[Event], None], *, base: int = 0) -> None:
        self._release = release
        self._citer = citer
        self._emit = emit
        self._base = base
        self._pieces: list[str] = []
        self.citations: list[Citation] = []
        self.began_at: float | None = None
        """Unix time of the first released text."""

    @property
    def text(self) -> str:
        """What was released so far; equals the joined deltas."""
        return "".join(self._pieces)

    @property
    def stopped(self) -> bool:
        """Whether a guard has stopped the stream: nothing more will be released."""
        return self._release.stopped

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the guards decided about the stream so far."""
        return self._release.verdicts

    async def feed(self, text: str) -> None:
        """Take the model's next piece, and emit what may leave.

        A long piece is taken in slices, and other runs have their turn between them.
        """
        for at in range(0, len(text), _SLICE):
            if at:
                await asyncio.sleep(0)
            if safe := self._release.feed(text[at : at + _SLICE]):
                self._send(await self._citer.feed(safe))

    async def close(self) -> None:
        """The answer has ended: emit the rest."""
        if safe := self._release.close():
            self._send(await self._citer.feed(safe))
        self._send(await self._citer.close())

    def pause(self) -> Paused:
        """The model has finished, and the answer goes on with another call: emit nothing more, because what follows may
        belong to what is held back. This utterance takes no more text.
        """
        progress, sentences = self._release.progress, self._citer.sentences
        return Paused(text=progress, sentences=sentences, unreleased=self._citer.held + self._release.close())

    def _send(self, events: Iterable[TextDelta | Cited]) -> None:
        for event in events:
            if isinstance(event, TextDelta):
                if not event.text:
                    continue
                self.began_at = self.began_at or time.time()
                self._pieces.append(event.text)
                self._emit(event)
            else:
                citation = event.citation
                placed = replace(citation, start=citation.start + self._base, end=citation.end + self._base)
                self.citations.append(placed)
                self._emit(Cited(citation=placed))
