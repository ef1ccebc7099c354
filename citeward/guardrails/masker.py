"""The other way of `Restorer`: placeholders in the place of a vault's values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import regex

from citeward.contracts.guardrail import Finding, Outgoing
from citeward.guardrails.vault import RESULT, SEPARATOR, Vault, normal

_BETWEEN = 4
"""Separators in a row, the most, that two characters of a value may have between them."""
_SHORT = 6
"""Characters under which a value is looked for as a whole word only: inside others it would be found by chance."""
_BEGUN = re.compile(r"<[A-Z0-9_]{0,50}\Z")
"""What could grow into a placeholder."""
_LITERAL = "TEXT"
"""Of placeholders that stand for what somebody typed by hand, which is no secret."""


@dataclass(frozen=True)
class _Value:
    placeholder: str
    pattern: regex.Pattern[str]
    longest: int


@dataclass(frozen=True)
class _Found:
    start: int
    end: int
    placeholder: str


class Masker:
    """A stream with a vault's values behind their placeholders; a StreamGuard.

    A value is found in every spelling that `normal` takes for the same: an address in any case, a card's number with
    any separators. For what a model said that was shown the values, so that nobody sees them whom they were not
    meant for. What looks like a placeholder in such a text is none, and is put behind one of its own.

    Args:
        vault: Whose values; takes the placeholders that are made.
        escape: False where the text's placeholders are real ones: a text that was masked before.
    """

    findings: tuple[Finding, ...] = ()

    def __init__(self, vault: Vault, *, escape: bool = True) -> None:
        self._vault = vault
        self._escape = escape
        self._values = [_value(*entry) for entry in vault.dump().items() if _is_looked_for(*entry)]
        self._held = ""
        self._before = ""
        """The last character that was let go: whether a word begins after it."""

    @property
    def holdback(self) -> int:
        """The most characters held back."""
        return max([51 if self._escape else 0, *(value.longest for value in self._values)])

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        return self._masked(text, closing=False)

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        return self._masked("", closing=True)

    def _masked(self, text: str, *, closing: bool) -> str:
        text = self._before + self._held + text
        begin = len(self._before)
        hold = len(text)
        found: list[_Found] = []
        for value in self._values:
            more, partial = _search(value, text, begin, closing=closing)
            found += more
            hold = min(hold, partial)
        if self._escape and not closing and (begun := _BEGUN.search(text, begin)):
            hold = min(hold, begun.start())
        out: list[str] = []
        done = begin
        for one in sorted(found, key=lambda one: (one.start, -one.end)):
            if one.start < done:
                continue
            if one.start >= hold or one.end > hold:
                hold = min(hold, one.start)
                break
            out += self._plain(text[done : one.start]), one.placeholder
            done = one.end
        out.append(self._plain(text[done:hold]))
        self._held = text[hold:]
        self._before = text[max(0, hold - 1) : hold]
        return "".join(out)

    def _plain(self, text: str) -> str:
        return self._vault.mask(text, ()) if self._escape else text


def _is_looked_for(placeholder: str, value: str) -> bool:
    """Whether a value is one to hide wherever it stands: not what a person typed, nor a short result of a tool, which
    would be found in places that have nothing to do with it."""
    if placeholder.startswith(f"<{_LITERAL}_"):
        return False
    return not placeholder.startswith(f"<{RESULT}_") or len(value) >= _SHORT


def masked(text: str, vault: Vault, *, escape: bool = True) -> str:
    """The whole text with the vault's values behind their placeholders."""
    masker = Masker(vault, escape=escape)
    return masker.feed(text) + masker.close()


def masked_outgoing(outgoing: Outgoing, vault: Vault) -> Outgoing:
    """The same, with placeholders in the place of the vault's values in all its texts."""

    def hidden(text: str) -> str:
        return masked(text, vault, escape=False)

    return replace(
        outgoing,
        prompt=hidden(outgoing.prompt),
        question=hidden(outgoing.question),
        passages=tuple(map(hidden, outgoing.passages)),
        results=tuple(map(hidden, outgoing.results)),
        allowed=tuple(map(hidden, outgoing.allowed)),
        citations=tuple(replace(citation, quote=hidden(citation.quote)) for citation in outgoing.citations),
    )


def _search(value: _Value, text: str, begin: int, *, closing: bool) -> tuple[list[_Found], int]:
    """Where the value stands, and where one may begin that the next piece completes."""
    found: list[_Found] = []
    while match := value.pattern.search(text, begin, partial=not closing):
        if match.partial or (match.end() == len(text) and not closing):
            return found, match.start()
        found.append(_Found(match.start(), match.end(), value.placeholder))
        begin = match.end()
    return found, len(text)


def _value(placeholder: str, value: str) -> _Value:
    kind = placeholder[1:].rpartition("_")[0]
    flags = regex.IGNORECASE if normal(kind, value.swapcase()) == normal(kind, value) else 0
    spelled = list(value)
    between = ""
    if normal(kind, " ".join(value)) == normal(kind, value):
        spelled = [char for char in value if not re.fullmatch(SEPARATOR, char)] or spelled
        between = f"{SEPARATOR}{{0,{_BETWEEN}}}"
    pattern = between.join(map(regex.escape, spelled))
    if len(spelled) < _SHORT:
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return _Value(placeholder, regex.compile(pattern, flags), len(spelled) * (1 + (_BETWEEN if between else 0)))
