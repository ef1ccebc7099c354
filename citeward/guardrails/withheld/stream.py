"""Known texts in a stream, kept from leaving it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from citeward.contracts.guardrail import Action, Finding
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.letters import letters

GAP = 16
"""The most characters between two letters of a match; what is written further apart is not one."""
WITHHELD = "[withheld]"
"""Stands in the place of what MODIFY takes out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Some of the letters that a matcher has read."""

    last: int
    """Where the last of them stands among the letters of this reading."""
    length: int
    """How many they are; the first ones may be from an earlier reading."""
    kind: str
    score: float


class Matcher(Protocol):
    """Follows one stream by its letters; made anew for each."""

    @property
    def longest(self) -> int:
        """The most letters of a match."""
        ...

    @property
    def pending(self) -> int:
        """How many of the last letters may yet belong to a match; it grows by at most one a letter."""
        ...

    def read(self, text: str, /) -> Iterable[Match]:
        """Take some letters; the matches that end among them, in order."""
        ...

    def reset(self) -> None:
        """Forget what came."""
        ...


class WithholdGuard:
    """A StreamGuard that withholds what a matcher finds, whatever stands between its letters.

    Text is compared by its letters (`letters.letters`): case, punctuation, white space, accents and look-alikes make
    no difference. No character of a match that is replaced or blocked is ever returned. Each character is looked at
    once, and what cannot be part of a match leaves at once.

    Args:
        matcher: What is looked for.
        thresholds: What is done from which score on: FLAG lets it pass and notes it, MODIFY writes `[withheld]`,
            BLOCK ends the stream before it.
    """

    def __init__(self, matcher: Matcher, thresholds: Thresholds) -> None:
        self._matcher = matcher
        self._thresholds = thresholds
        self._places: list[int] = []  # where in the stream the last letters stood
        self._held = ""
        self._offset = 0  # characters that came before the held ones
        self._boundary = 0  # up to where all is decided
        self._findings: list[Finding] = []
        self._taken: list[tuple[int, int]] = []  # what is left out, as far as it is not behind the held text
        self.stopped = False
        """True once something was blocked: nothing is returned any more."""

    @property
    def holdback(self) -> int:
        """The most characters held back: a match of the longest kind, written as far apart as it may be."""
        return self._matcher.longest * (1 + GAP)

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._held)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        return tuple(self._findings)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        if self.stopped:
            return ""
        first = self._offset + len(self._held)
        self._held += text
        self._take(text, first)
        return self._released()

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        if self.stopped:
            return ""
        self._boundary = self._offset + len(self._held)
        return self._released()

    def _take(self, text: str, first: int) -> None:
        before = self._places[-1] if self._places else first
        places: list[int] = []
        run: list[str] = []
        for place, char in enumerate(text, first):
            some = letters(char)
            if not some:
                continue
            if place - before > 1 + GAP:
                self._read(places, run)
                self._forget()
                places, run = [], []
            before = place
            run.append(some)
            places += [place] * len(some)
        self._read(places, run)
        end = first + len(text)
        if self.stopped:
            return
        if end - before > 1 + GAP:
            self._forget()
        pending = self._matcher.pending
        self._boundary = self._places[-pending] if pending else end

    def _read(self, places: list[int], run: list[str]) -> None:
        if self.stopped or not run:
            return
        known = len(self._places)
        self._places += places
        for match in self._matcher.read("".join(run)):
            last = known + match.last
            self._found(match, self._places[last + 1 - match.length], self._places[last] + 1)
            if self.stopped:
                return
        del self._places[: -self._matcher.longest]

    def _forget(self) -> None:
        self._matcher.reset()
        self._places.clear()

    def _found(self, match: Match, start: int, end: int) -> None:
        action = self._thresholds.action(match.score)
        if action is Action.ALLOW:
            return
        self._note(Finding(kind=match.kind, start=start, end=end, score=match.score))
        if action is Action.BLOCK:
            self.stopped = True
            self._boundary = start
        elif action is Action.MODIFY:
            if self._taken and start <= self._taken[-1][1]:
                start = min(start, self._taken.pop()[0])
            self._taken.append((start, end))

    def _note(self, finding: Finding) -> None:
        """Add a finding; one that goes on from the last, or over it, is one with it."""
        if self._findings and finding.start <= self._findings[-1].end:
            last = self._findings.pop()
            finding = Finding(
                kind=last.kind,
                start=min(last.start, finding.start),
                end=finding.end,
                score=max(last.score, finding.score),
            )
        self._findings.append(finding)

    def _released(self) -> str:
        """What is decided, without what is taken out of it."""
        out: list[str] = []
        at = self._offset
        for start, end in self._taken:
            if start >= self._boundary:
                break
            if start >= at:
                out += self._held[at - self._offset : start - self._offset], WITHHELD
            at = max(at, min(end, self._boundary))
        out.append(self._held[at - self._offset : self._boundary - self._offset])
        self._held = "" if self.stopped else self._held[self._boundary - self._offset :]
        self._offset = self._boundary
        if len(self._taken) > 1:
            self._taken = [span for span in self._taken[:-1] if span[1] > self._offset] + self._taken[-1:]
        return "".join(out)
