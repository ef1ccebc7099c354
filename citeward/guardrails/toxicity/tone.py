"""Sentences of a stream that are not fit to be said."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from citeward.contracts.guardrail import Action, Finding
from citeward.guardrails.table import Thresholds

LEAST = 240
"""Characters of a unit before a sentence's end closes it: judging many short sentences one by one would cost more."""
MOST = 480
"""The longest unit, and so the most characters held back."""
REMOVED = "[removed]"
_END = re.compile(r"[.!?…][\"'”’)\]*_]{0,6}\s|[。！？]|\n")
_LONGEST_END = 8


class ToneGuard:
    """A StreamGuard that judges a stream unit by unit: sentences, together at least LEAST and at most MOST characters.

    Where the limits only flag, text passes as it comes and nothing is held back. Where they rewrite or block, a unit is
    held back until it is whole: MODIFY writes `[removed]` in its place, BLOCK ends the stream before it.

    Args:
        judge: What speaks against a unit, by offsets into it; None where nothing does.
        limits: What is done from which score on.
    """

    def __init__(self, judge: Callable[[str], Finding | None], limits: Thresholds) -> None:
        self._judge = judge
        self._limits = limits
        self._holds = limits.modify is not None or limits.block is not None
        self._unit = ""
        self._offset = 0
        self._searched = LEAST
        self._findings: list[Finding] = []
        self.stopped = False
        """True once a unit was blocked: nothing is returned any more."""

    @property
    def holdback(self) -> int:
        """The most characters held back; 0 where the limits only flag."""
        return MOST if self._holds else 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        return tuple(self._findings)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        if self.stopped:
            return ""
        self._unit += text
        if len(self._unit) < LEAST:
            return "" if self._holds else text
        out = self._advance(final=False)
        return out if self._holds else text

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        if self.stopped:
            return ""
        out = self._advance(final=True)
        return out if self._holds else ""

    def _advance(self, *, final: bool) -> str:
        out: list[str] = []
        while not self.stopped and (end := self._end(final=final)):
            out.append(self._said(self._unit[:end]))
            self._unit = self._unit[end:]
            self._offset += end
            self._searched = LEAST
        return "".join(out)

    def _end(self, *, final: bool) -> int:
        """Where the unit that begins the pending text ends; 0 while that is not known."""
        match = _END.search(self._unit, self._searched, MOST)
        if match is not None:
            return match.end()
        if len(self._unit) >= MOST:
            space = self._unit.rfind(" ", LEAST, MOST)
            return space + 1 if space > 0 else MOST
        # An end that is still to be completed begins at most so far back.
        self._searched = max(LEAST, len(self._unit) - _LONGEST_END)
        return len(self._unit) if final else 0

    def _said(self, unit: str) -> str:
        finding = self._judge(unit)
        action = self._limits.action(finding.score) if finding is not None else Action.ALLOW
        if finding is None or action is Action.ALLOW:
            return unit
        self._findings.append(replace(finding, start=finding.start + self._offset, end=finding.end + self._offset))
        if action is Action.BLOCK:
            self.stopped = True
            return ""
        return f"{REMOVED}{unit[len(unit.rstrip()) :]}" if action is Action.MODIFY else unit
