"""Reads a text in pieces of any size and looks for sensitive spans, the same ones however the text was split.

A span that is looked for never reaches over a comma, a quotation mark or a line's end, and reaches over a space only
between words that hold digits or are written in capitals (a card number, an IBAN, a telephone number). So a text falls
into *segments* of such words, and each is looked at by itself, once. Words that cannot be part of anything leave as
soon as they are complete.

Nothing is held back for longer than `HOLDBACK` characters. A segment that grows longer is looked at window by window,
half of it overlapping, so that spans of up to half a window are found; a longer one (a token, a key) is taken at its
start and the rest of it follows as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.credentials import PRIVATE_KEY
from citeward.guardrails.pii.cues import REACH
from citeward.guardrails.pii.keys import KeyBody
from citeward.guardrails.pii.reading import SPACES
from citeward.guardrails.pii.recognizers import Find

HOLDBACK = 256
"""The most characters held back; twice the longest span that is found wherever it stands."""

_HARD = (
    ',;"<>\u201c\u201d\u201e\u00ab\u00bb\u3001\u3002\uff0c\uff1b\uff01\uff1f\uff61\u300c\u300d\u300e\u300f\u300a\u300b'
)
# In a word stand an entity of HTML with its semicolon, the ideographic stop of a domain, and a name in quotation marks
# before an at sign. Each of them may be cut by the end of what has come; the word then waits.
_SIGN = rf"[^\s{SPACES}{_HARD}&]"
_TOKEN = re.compile(
    rf"""
      (?P<quoted>"[^"@<>\s]{{1,32}}+(?:[ ][^"@<>\s]{{1,31}}+)?(?:\Z|"(?:\Z|[@＠]{_SIGN}{{0,{HOLDBACK}}}+)))
    | (?P<word>(?:
        {_SIGN}
      | &(?:\#?[0-9A-Za-z]{{1,8}};)?
      | (?<=[0-9A-Za-z])[\u3002\uff61](?=[0-9A-Za-z]|\Z)
      ){{1,{HOLDBACK + 1}}}+)
    | (?P<soft>[{SPACES}]+)
    | (?P<hard>(?:[^\S{SPACES}]|[{_HARD}])(?:[^\S{SPACES}]|(?!")[{_HARD}])*)
    """,
    re.VERBOSE,
)
# A digit, an at sign, an IPv6 gap, a scheme, two letters that may lead a paper's number, what may lead a telephone's.
_STARTS = re.compile(
    r"[\d@＠﹫]|::|://|^www\.|^[A-Z]{2}$|-----BEGIN|^----$|^Private-Lines:|^[(\[+\uff08\uff3b\uff0b]+$"
    r"|&commat;|[(\[{](?i:at)[)\]}]"
)
_LONG = 20
"""Every credential is at least this long or holds a digit."""
# Between words that start a segment: the letters of an IBAN, the head of a key, a lone hyphen, an extension, and what
# tells a number from a telephone's or says that it is one.
_JOINS = re.compile(
    r"[A-Z0-9]{1,9}[-.:)\]]*|[^\w\s]+|(?:ext|extn|x)\.?|-?\(?(?i:office|fax|mobile|cell)\b\W{0,3}"
    r"|(?:[kmcµn]?m|k?g|mg|[mµn]?s|mi|ft|mph|km/h|[kMG]?i?[Bb]|bytes?|rows?|people|items?|units?|records?|euros?|dollars?)[.):?!]*"
)
_GAP = 4
"""The most spaces inside a number; what phonenumbers allows."""

_SHORTEST = 3
"""No span is shorter; `::1` is one."""
_ACROSS = 72
"""No span that reaches over spaces is longer; the longest is an IBAN."""

_REST_OF_TOKEN = re.compile(r"[A-Za-z0-9_\-.+/=]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of the text, in order and without gaps."""

    text: str
    finding: Finding | None = None
    """What the stretch is, by offsets into the whole text; None for plain text."""
    more: bool = False
    """True where it goes on with the finding before it, which was longer than could be held back."""


class Scanner:
    """One pass over one text.

    Example:
        >>> scanner = Scanner(lambda text, before: ())
        >>> [piece.text for piece in scanner.feed("Hello wor")]
        ['Hello ']
        >>> [piece.text for piece in scanner.close()]
        ['wor']
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._held = ""
        self._past = ""  # the end of what has left
        self._offset = 0
        self._inside = False  # the held text begins inside a segment whose head has left
        self._taking: Finding | None = None  # a finding whose rest is still to come
        self._key = KeyBody()  # where that is a private key's

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._held)

    def feed(self, text: str, /) -> list[Piece]:
        """Take the next piece of text; return what is decided."""
        if (plain := self._plain(text)) is not None:
            return plain
        self._held += text
        return self._advance(final=False)

    def close(self) -> list[Piece]:
        """The text has ended; return the rest."""
        return self._advance(final=True)

    def _plain(self, text: str) -> list[Piece] | None:
        """What `_advance` would return where a word of letters alone goes on, or ends and another one begins: most of
        prose. None where it has to look."""
        held = self._held
        if self._inside or self._taking is not None or (held and not held.isalpha()):
            return None
        if text.isalpha():
            if len(held) + len(text) >= _LONG:
                return None
            self._held = held + text
            return []
        word = text[1:]
        if text[:1] != " " or not word.isalpha() or len(word) >= _LONG or _starts(held):
            return None
        out = held + " "
        self._held = word
        self._past = (self._past + out)[-REACH:]
        self._offset += len(out)
        return [Piece(text=out)]

    def _advance(self, *, final: bool) -> list[Piece]:
        pieces: list[Piece] = []
        position = 0
        while True:
            if self._taking is not None:
                position = self._take(position, pieces, final=final)
                if self._taking is not None:
                    break
            start, end, closed = self._segment(position, final=final)
            if start > position:
                pieces.append(Piece(text=self._held[position:start]))
            position = start
            if closed:
                self._inside = False
                position += self._emit(self._held[start:end], start, pieces)
            elif end > start:
                self._inside = True
                position += self._emit(self._held[start:end], start, pieces, window=True)
            else:
                break
        self._past = (self._past + self._held[:position])[-REACH:]
        self._held = self._held[position:]
        self._offset += position
        return pieces

    def _segment(self, position: int, *, final: bool) -> tuple[int, int, bool]:
        """Where the next segment stands and whether it is whole; not whole and not empty is a full window.

        An empty one that is not whole means: wait, holding the text from there.
        """
        held, length = self._held, len(self._held)
        start = end = position if self._inside else -1
        cut = self._inside
        for token in _TOKEN.finditer(held, position):
            a, b = token.span()
            base = a if start < 0 else start
            if token.lastgroup in ("word", "quoted"):
                if start >= 0 and token.lastgroup == "quoted":
                    return start, end, True
                if b - base > HOLDBACK:
                    return base, base + HOLDBACK, False
                if b == length and not final:
                    return base, base, False
                word = token.group()
                if start >= 0 and (cut or _starts(word) or _JOINS.fullmatch(word)):
                    end = b
                elif start >= 0:
                    return start, end, True
                elif _starts(word):
                    start, end = a, b
                cut = False
            elif start >= 0:
                if token.lastgroup == "hard":
                    return start, end, True
                closes = a + _GAP  # the character that makes the gap too wide
                if b > closes and closes - start <= HOLDBACK:
                    return start, end, True
                if b - start > HOLDBACK:
                    return start, start + HOLDBACK, False
                cut = False
        if start < 0:
            return length, length, False
        return (start, end, True) if final else (start, start, False)

    def _emit(self, text: str, at: int, pieces: list[Piece], *, window: bool = False) -> int:
        """Look at a segment; append its pieces and return how much of it is decided."""
        if len(text) < _SHORTEST:
            if text:
                pieces.append(Piece(text=text))
            return len(text)
        findings = self._find(text, (self._past + self._held[max(0, at - REACH) : at])[-REACH:])
        upto = _decided(text, findings) if window else len(text)
        key = next((one for one in findings if one.kind == PRIVATE_KEY and one.start < upto), None)
        if key is not None:
            upto, self._key = key.end, KeyBody()
        found = list(stretches(text[:upto], findings, self._offset + at))
        pieces += found
        last = found[-1].finding if found and (key or upto == len(text)) else None
        if last is not None and (window or key):
            self._taking = last
        return upto

    def _take(self, position: int, pieces: list[Piece], *, final: bool) -> int:
        """Let the rest of a long finding follow it, as far as it has come."""
        assert self._taking is not None
        held = self._held
        if self._taking.kind == PRIVATE_KEY:
            stop, whole = self._key.read(held, position, final=final)
        else:
            match = _REST_OF_TOKEN.match(held, position)
            stop = match.end() if match else position
            whole = final or stop < len(held)
        if stop > position:
            start = self._offset + position
            more = Finding(kind=self._taking.kind, start=start, end=start + stop - position, score=self._taking.score)
            pieces.append(Piece(text=held[position:stop], finding=more, more=True))
        if whole:
            self._taking = None
            self._inside = False
        return stop


def joined(pieces: Iterable[Piece]) -> tuple[Finding, ...]:
    """The findings of a whole text's pieces, each with what followed it."""
    findings: list[Finding] = []
    for piece in pieces:
        if piece.finding is None:
            continue
        if piece.more:
            last = findings.pop()
            findings.append(Finding(kind=last.kind, start=last.start, end=piece.finding.end, score=last.score))
        else:
            findings.append(piece.finding)
    return tuple(findings)


def _starts(word: str) -> bool:
    return len(word) >= _LONG or _STARTS.search(word) is not None


def uncut(place: int, findings: Sequence[Finding]) -> int:
    """The place, or where a finding over it begins; where that is the text's own beginning, its end."""
    for finding in findings:
        if finding.start < place < finding.end:
            place = finding.start or finding.end
    return place


def _decided(window: str, findings: Sequence[Finding]) -> int:
    """How much of a full window is decided: its half, and what was found behind it and ends with a word."""
    upto = uncut(HOLDBACK // 2, findings)
    for finding in findings:
        if upto < finding.end <= HOLDBACK - _ACROSS and window[finding.end].isspace():
            upto = finding.end
    return upto


def stretches(text: str, findings: Iterable[Finding], offset: int) -> Iterator[Piece]:
    """The text in pieces, one for each finding that ends within it; their offsets count from `offset` on."""
    done = 0
    for finding in findings:
        if finding.end > len(text):
            break
        if finding.start > done:
            yield Piece(text=text[done : finding.start])
        placed = replace(finding, start=finding.start + offset, end=finding.end + offset)
        yield Piece(text=text[finding.start : finding.end], finding=placed)
        done = finding.end
    if done < len(text):
        yield Piece(text=text[done:])
