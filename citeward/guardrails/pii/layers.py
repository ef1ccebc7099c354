"""Two scanners over one text: patterns word by word, names sentence by sentence, and what they find as one.

Where findings overlap, the pattern's is taken and the name's keeps what is left of it: a checksum is surer than a
guess. Both read the same text at the same time, so that less is held back than by one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.recognizers import Find
from citeward.guardrails.pii.scan import HOLDBACK, Piece, Scanner, joined
from citeward.guardrails.pii.sentences import LONGEST, SentenceScanner


class Scans(Protocol):
    """Reads a text in pieces and says of each stretch what it is, in order and without gaps."""

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        ...

    def feed(self, text: str, /) -> list[Piece]:
        """Take the next piece of text; return what is decided."""
        ...

    def close(self) -> list[Piece]:
        """The text has ended; return the rest."""
        ...


def scanner(find: Find, names: Find | None = None) -> Scans:
    """What reads a text: for `find` alone, or for `names` as well."""
    return Scanner(find) if names is None else Layers(Scanner(find), SentenceScanner(names))


def holdback(names: Find | None) -> int:
    """The most characters that `scanner` holds back."""
    return HOLDBACK if names is None else HOLDBACK + LONGEST


def scan(text: str, find: Find, names: Find | None = None) -> tuple[Finding, ...]:
    """Every finding in a whole text: what a scanner finds in it, however it is split."""
    reading = scanner(find, names)
    return joined([*reading.feed(text), *reading.close()])


@dataclass(kw_only=True, slots=True)
class _Found:
    """A finding that may still grow; its first part, up to `whole`, is one piece however the text was split."""

    finding: Finding
    end: int
    whole: int


class Layers:
    """One pass over one text by two scanners; the upper one's findings come first.

    Args:
        upper: Its findings may go on for longer than can be held back (`Piece.more`).
        lower: Its findings come whole, and are no longer than `LONGEST`.
    """

    def __init__(self, upper: Scans, lower: Scans) -> None:
        self._upper, self._lower = _Layer(upper), _Layer(lower)
        self._text = ""
        self._done = 0

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._text)

    def feed(self, text: str, /) -> list[Piece]:
        """Take the next piece of text; return what is decided."""
        self._text += text
        self._upper.note(self._upper.scanner.feed(text))
        self._lower.note(self._lower.scanner.feed(text))
        return self._released()

    def close(self) -> list[Piece]:
        """The text has ended; return the rest."""
        self._upper.note(self._upper.scanner.close())
        self._lower.note(self._lower.scanner.close())
        return self._released()

    def _released(self) -> list[Piece]:
        upto = self._safe()
        pieces = list(self._pieces(upto))
        self._text = self._text[upto - self._done :]
        self._done = upto
        self._upper.forget(upto)
        self._lower.forget(upto)
        return pieces

    def _safe(self) -> int:
        """Up to where both have decided, and no finding is cut that is not cut in the whole text as well."""
        upto = min(self._upper.front, self._lower.front)
        while True:
            for found in self._upper.found:
                if found.finding.start < upto < found.whole:
                    upto = found.finding.start
                    break
            else:
                for found in self._lower.found:
                    if found.finding.start < upto < found.end and self._upper.front < found.end:
                        upto = self._begins(found)
                        break
                else:
                    return max(upto, self._done)

    def _begins(self, lower: _Found) -> int:
        """Where a finding begins to show, as a pattern's may cover its head."""
        start = lower.finding.start
        return next((u.end for u in self._upper.found if u.finding.start <= start < u.end), start)

    def _pieces(self, upto: int) -> Iterator[Piece]:
        place = self._done
        while place < upto:
            upper, lower = self._upper.at(place), self._lower.at(place)
            ahead = upper.finding.start if upper else upto
            if upper and ahead <= place:
                end = min(upper.whole if place < upper.whole else upper.end, upto)
                yield self._piece(place, end, upper.finding, more=place > ahead)
            elif lower and lower.finding.start <= place:
                end = min(lower.end, ahead, upto)
                yield self._piece(place, end, lower.finding)
            else:
                end = min(ahead, lower.finding.start if lower else upto, upto)
                yield Piece(text=self._cut(place, end))
            place = end

    def _piece(self, start: int, end: int, finding: Finding, *, more: bool = False) -> Piece:
        text = self._cut(start, end)
        if not more and not any(map(str.isalnum, text)):
            return Piece(text=text)  # what is left of a name when a pattern has taken its words
        placed = Finding(kind=finding.kind, start=start, end=end, score=finding.score)
        return Piece(text=text, finding=placed, more=more)

    def _cut(self, start: int, end: int) -> str:
        return self._text[start - self._done : end - self._done]


class _Layer:
    """A scanner, how far it has decided, and what it has found."""

    def __init__(self, scanner: Scans) -> None:
        self.scanner = scanner
        self.front = 0
        self.found: list[_Found] = []
        self._cursor = 0

    def note(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self.front += len(piece.text)
            if piece.finding is None:
                continue
            if piece.more:
                self.found[-1].end = piece.finding.end
            else:
                self.found.append(_Found(finding=piece.finding, end=self.front, whole=self.front))

    def at(self, place: int) -> _Found | None:
        """The first finding that ends after `place`; asked for one place after the other."""
        while self._cursor < len(self.found) and self.found[self._cursor].end <= place:
            self._cursor += 1
        return self.found[self._cursor] if self._cursor < len(self.found) else None

    def forget(self, upto: int) -> None:
        """Drop what has been released, but not the last: it may go on."""
        self.found = [found for found in self.found[:-1] if found.end > upto] + self.found[-1:]
        self._cursor = 0
