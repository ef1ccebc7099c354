"""Sensitive spans in a stream, kept from leaving it."""

from __future__ import annotations

from collections.abc import Collection

from citeward.contracts.guardrail import Action, Finding
from citeward.guardrails.pii.layers import holdback, scanner
from citeward.guardrails.pii.reading import is_latin
from citeward.guardrails.pii.recognizers import Find
from citeward.guardrails.pii.scan import Piece
from citeward.guardrails.table import Thresholds
from citeward.guardrails.vault import label


class SpanGuard:
    """A StreamGuard that replaces spans, or ends the stream before them.

    No character of a span that is replaced or blocked is ever returned. Each stretch of text is looked at once, and a
    word that cannot be part of a span leaves as soon as it is complete, so the work a token is bounded and the first
    words leave early.

    Args:
        find: What is looked for.
        thresholds: What is done from which score on: FLAG lets the span pass and notes it, MODIFY writes `[EMAIL]`,
            BLOCK ends the stream.
        names: What is looked for sentence by sentence besides, with more held back; None for nothing.
        allowed: Texts whose own words may be repeated: the user's question, the retrieved passages. A span that
            stands in one of them, as whole words and in any case, passes unnoted.
    """

    def __init__(
        self, find: Find, thresholds: Thresholds, *, names: Find | None = None, allowed: Collection[str] = ()
    ) -> None:
        self._scanner = scanner(find, names)
        self._holdback = holdback(names)
        self._thresholds = thresholds
        self._allowed = allowed
        self._known: str | None = None  # what they say, made at the first span
        self._findings: list[Finding] = []
        self._action = Action.ALLOW  # of the span that `more` pieces belong to
        self.stopped = False
        """True once a span was blocked: nothing is returned any more."""

    @property
    def holdback(self) -> int:
        """The most characters held back."""
        return self._holdback

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return self._scanner.held

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        return tuple(self._findings)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        return "" if self.stopped else self._released(self._scanner.feed(text))

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        return "" if self.stopped else self._released(self._scanner.close())

    def _released(self, pieces: list[Piece]) -> str:
        out: list[str] = []
        for piece in pieces:
            if piece.finding is None:
                out.append(piece.text)
            elif piece.more:
                out.append(self._continued(piece.finding, piece.text))
            else:
                out.append(self._begun(piece.finding, piece.text))
            if self.stopped:
                break
        return "".join(out)

    def _begun(self, finding: Finding, text: str) -> str:
        if self._is_allowed(text):
            self._action = Action.ALLOW
            return text
        self._action = self._thresholds.action(finding.score)
        if self._action is Action.ALLOW:
            return text
        self._findings.append(finding)
        if self._action is Action.BLOCK:
            self.stopped = True
            return ""
        return f"[{label(finding.kind)}]" if self._action is Action.MODIFY else text

    def _continued(self, finding: Finding, text: str) -> str:
        if self._action is not Action.ALLOW:
            first = self._findings.pop()
            self._findings.append(Finding(kind=first.kind, start=first.start, end=finding.end, score=first.score))
        return "" if self._action is Action.MODIFY else text

    def _is_allowed(self, span: str) -> bool:
        if not self._allowed:
            return False
        if self._known is None:
            self._known = "\0".join(text.casefold() for text in self._allowed)
        wanted = span.casefold()
        place = self._known.find(wanted)
        while place >= 0:
            before, after = self._known[place - 1 : place], self._known[place + len(wanted) : place + len(wanted) + 1]
            if not (_is_word(before) or _is_word(after)):
                return True
            place = self._known.find(wanted, place + 1)
        return False


def _is_word(char: str) -> bool:
    """Whether a span that touches the character is only a part of a word or of a number."""
    return char == "_" or (char.isalnum() and is_latin(char))
