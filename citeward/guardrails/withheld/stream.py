"""Known texts in a stream, kept from leaving it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from citeward.contracts.guardrail import Action, Finding
from citeward.guardrails.escapes import LONGEST, begun, escaped, has_escapes
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.letters import letters

GAP = 16
"""The most characters between two letters of a match; what is written further apart is not one."""
CODE = 18
"""The most characters of a letter that is written as an escape."""
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
    """Follows one stream by its letters; made anew for each. A shallow copy goes on from where it is on its own."""

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


@dataclass(slots=True)
class _Span:
    """Where something that was found stands in the stream."""

    start: int
    end: int
    kind: str
    score: float


class _Reading:
    """One way to read a stream: as it is written, or with its escapes decoded."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self._starts: list[int] = []  # where in the stream the last letters stood
        self._ends: list[int] | None = None  # where they ended; None if each was one character
        self._after = -1  # where the last letter ended
        self.letters = 0
        """Letters since the last escape."""

    def fork(self) -> Self:
        """A reading that goes on from here on its own, and can take escapes."""
        other = copy.copy(self)
        other.matcher = copy.copy(self.matcher)
        other._starts = self._starts[:]
        other._ends = [start + 1 for start in self._starts]
        return other

    def read(self, text: str, first: int) -> list[_Span]:
        """Take the characters that stand from `first` on."""
        before = self._after if self._after >= 0 else first
        found: list[_Span] = []
        places: list[int] = []
        run: list[str] = []
        for place, char in enumerate(text, first):
            some = letters(char)
            if not some:
                continue
            if place - before > GAP:
                found += self._matches(places, run)
                self.forget()
                places, run = [], []
            before = place + 1
            run.append(some)
            places += [place] * len(some)
        self._after = before
        if run:
            found += self._matches(places, run)
        if first + len(text) - before > GAP:
            self.forget()
        return found

    def decode(self, char: str, start: int, end: int) -> list[_Span]:
        """Take one character, written as an escape."""
        some = letters(char) if end - start <= CODE else ""
        found: list[_Span] = []
        if some:
            if start - self._after > GAP:
                self.forget()
            self._after = end
            found = self._matches([start] * len(some), [some], end)
        self.letters = 0
        return found

    def decided(self, end: int) -> int:
        """Up to where nothing can become part of a match, of what ends at `end`."""
        pending = self.matcher.pending
        return self._starts[-pending] if pending else end

    def forget(self) -> None:
        """What came before is too far away to belong to a match."""
        self.matcher.reset()
        self._starts.clear()
        self._ends = None if self._ends is None else []
        self.letters = self.matcher.longest

    def _matches(self, starts: list[int], run: list[str], end: int = 0) -> list[_Span]:
        """The matches that end in these letters; `end` is where their escape ends, if they are one."""
        own = self._starts
        known = len(own)
        own += starts
        if self._ends is not None:
            self._ends += [end or start + 1 for start in starts]
            self.letters += len(starts)
        found: list[_Span] = []
        for match in self.matcher.read("".join(run)):
            last = known + match.last
            stop = own[last] + 1 if self._ends is None else self._ends[last]
            found.append(_Span(own[last + 1 - match.length], stop, kind=match.kind, score=match.score))
        longest = self.matcher.longest
        if len(own) > longest:
            del own[:-longest]
            if self._ends is not None:
                del self._ends[:-longest]
        return found


class WithholdGuard:
    """A StreamGuard that withholds what a matcher finds, whatever stands between its letters.

    Text is compared by its letters (`letters.letters`): case, punctuation, white space, accents and look-alikes make
    no difference, and a letter may be written as an escape (`escapes.escaped`). No character of a match that is
    replaced or blocked is ever returned. Each character is looked at once, twice near an escape, and what cannot be
    part of a match leaves at once.

    Args:
        matcher: What is looked for.
        thresholds: What is done from which score on: FLAG lets it pass and notes it, MODIFY writes `[withheld]`,
            BLOCK ends the stream before it.
    """

    def __init__(self, matcher: Matcher, thresholds: Thresholds) -> None:
        self._matcher = matcher
        self._written = _Reading(matcher)
        self._decoded: _Reading | None = None  # only while an escape is near
        self._thresholds = thresholds
        self._undecided = ""  # the beginning of what may be an escape
        self._held = ""
        self._offset = 0  # characters that came before the held ones
        self._boundary = 0  # up to where all is decided
        self._noted: list[_Span] = []
        self._findings: tuple[Finding, ...] | None = ()  # None: to be made of `_noted`
        self._taken: list[tuple[int, int]] = []  # what is left out, as far as it is not behind the held text
        self.stopped = False
        """True once something was blocked: nothing is returned any more."""

    @property
    def holdback(self) -> int:
        """The most characters held back: a match of the longest kind in escapes, as far apart as they may be."""
        return self._matcher.longest * (CODE + GAP) + LONGEST

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._held)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        if self._findings is None:
            self._findings = tuple(
                Finding(kind=span.kind, start=span.start, end=span.end, score=span.score) for span in self._noted
            )
        return self._findings

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        if self.stopped:
            return ""
        self._held += text
        if self._undecided or self._decoded is not None or has_escapes(text):
            self._take(text, final=False)
        else:
            end = self._offset + len(self._held)
            if found := self._written.read(text, end - len(text)):
                self._found(found)
            if not self.stopped:
                self._boundary = self._written.decided(end)
        return self._released()

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        if self.stopped:
            return ""
        self._take("", final=True)
        if not self.stopped:
            self._boundary = self._offset + len(self._held)
        return self._released()

    def _take(self, text: str, *, final: bool) -> None:
        text = self._undecided + text
        first = self._offset + len(self._held) - len(text)
        if not has_escapes(text):
            self._undecided = ""
            self._read(text, first)
        else:
            decided = len(text) if final else begun(text)
            self._undecided = text[decided:]
            text = text[:decided]
            self._read_escaped(text, first)
        if self.stopped:
            return
        end = first + len(text)
        self._boundary = self._written.decided(end)
        if self._decoded is not None:
            self._boundary = min(self._boundary, self._decoded.decided(end))

    def _read(self, text: str, first: int) -> None:
        """Take text without escapes."""
        found = self._written.read(text, first)
        if self._decoded is not None:
            found += self._decoded.read(text, first)
            found.sort(key=lambda span: (span.end, span.start))
            if self._decoded.letters >= self._matcher.longest:
                self._decoded = None  # both readings know the same letters again
        self._found(found)

    def _read_escaped(self, text: str, first: int) -> None:
        done = 0
        for escape in escaped(text):
            self._read(text[done : escape.start], first + done)
            if self.stopped:
                return
            done = escape.end
            self._decoded = self._decoded or self._written.fork()
            found = self._written.read(text[escape.start : done], first + escape.start)
            found += self._decoded.decode(escape.char, first + escape.start, first + done)
            self._found(sorted(found, key=lambda span: (span.end, span.start)))
            if self.stopped:
                return
        self._read(text[done:], first + done)

    def _found(self, spans: Iterable[_Span]) -> None:
        """Decide about what was found, by where it ends, so that the order is the same however the stream was split."""
        for span in spans:
            action = self._thresholds.action(span.score)
            if action is Action.ALLOW:
                continue
            if action is Action.MODIFY:
                self._leave_out(span.start, span.end)
            self._note(span)
            if action is Action.BLOCK:
                self.stopped = True
                self._boundary = span.start
                return

    def _leave_out(self, start: int, end: int) -> None:
        while self._taken and start <= self._taken[-1][1]:
            last = self._taken.pop()
            start, end = min(start, last[0]), max(end, last[1])
        self._taken.append((start, end))

    def _note(self, span: _Span) -> None:
        """Add what was found; what it goes on from, or lies over, is one with it."""
        while self._noted and span.start <= self._noted[-1].end:
            last = self._noted.pop()
            kind = last.kind if last.start <= span.start else span.kind
            span = _Span(min(last.start, span.start), max(last.end, span.end), kind, max(last.score, span.score))
        self._noted.append(span)
        self._findings = None

    def _released(self) -> str:
        """What is decided, without what is taken out of it."""
        decided = self._boundary - self._offset
        out = self._without_taken() if self._taken else self._held[:decided]
        self._held = "" if self.stopped else self._held[decided:]
        self._offset = self._boundary
        if len(self._taken) > 1:
            self._taken = [span for span in self._taken[:-1] if span[1] > self._offset] + self._taken[-1:]
        return out

    def _without_taken(self) -> str:
        out: list[str] = []
        at = self._offset
        for start, end in self._taken:
            if start >= self._boundary:
                break
            if start >= at:
                out += self._held[at - self._offset : start - self._offset], WITHHELD
            at = max(at, min(end, self._boundary))
        out.append(self._held[at - self._offset : self._boundary - self._offset])
        return "".join(out)
