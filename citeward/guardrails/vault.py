"""Placeholders for sensitive values, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from pydantic import SecretStr

from citeward.contracts.guardrail import Finding
from citeward.errors import InvalidInput
from citeward.guardrails.active.address import AddressContext
from citeward.guardrails.pii.credentials import KINDS as CREDENTIALS
from citeward.guardrails.pii.credentials import SECRET
from citeward.guardrails.pii.reading import DASHES, INVISIBLE

PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]{0,39})_([1-9][0-9]{0,8})>")
_SUFFIX = re.compile(r"_(?:ADDRESS|NUMBER|CODE)$")
_ODD = re.compile(r"[^A-Z0-9]+|^(?=[^A-Z])")
_LITERAL = "TEXT"
RESULT = "RESULT"
"""The kind of what a tool may have computed from a value."""
_NEVER = frozenset({*CREDENTIALS, SECRET})
SEPARATOR = rf"[\s()\[\]./_\u00b7\u2022\u2027\u2219\u22c5\u30fb{DASHES}{INVISIBLE}]"
"""A pattern of what may stand between two digits of a number without making it another."""
_SEPARATORS = re.compile(SEPARATOR)


def label(kind: str, /) -> str:
    """The short name that stands for a kind in the text: `EMAIL` for EMAIL_ADDRESS."""
    return _SUFFIX.sub("", _ODD.sub("_", kind.upper()))[:40]


def normal(kind: str, value: str, /) -> str:
    """One form for all the ways to write the same value.

    An e-mail address in either case and with percent escapes, a network address in either case, a card, account,
    paper's or telephone number with any separators, a name in either case with any spaces. Everything else stands for
    itself: in a key or a wallet's address the case matters.
    """
    match label(kind):
        case "EMAIL":
            return unquote(value).casefold()
        case "IP":
            return value.casefold()
        case "CREDIT_CARD" | "PHONE" | "US_SSN" | "US_ITIN" | "US_BANK" | "UK_NHS":
            return _SEPARATORS.sub("", value)
        case "IBAN" | "US_PASSPORT" | "PASSPORT" | "US_DRIVER_LICENSE" | "UK_DRIVING_LICENCE" | "UK_NINO":
            return _SEPARATORS.sub("", value).upper()
        case "PERSON" | "LOCATION" | "ORGANIZATION" | "NRP" | "TITLE":
            return " ".join(value.split()).casefold()
        case _:
            return value


class Vault:
    """The sensitive values of one thread, each behind a placeholder that says its kind and nothing else.

    A remote model is shown `<EMAIL_1>`; what it writes about `<EMAIL_1>` gets the value back (`restore`, or a
    `Restorer` on a stream). The same value has the same placeholder for as long as the thread lives.

    A placeholder that somebody typed by hand is not one: `mask` puts it behind a placeholder of its own, so that
    nobody reads a value by naming it. For that to hold, **every** text that goes to the model goes through `mask`, the
    passages and the tools' results too, with no findings where nothing in it is to be hidden.

    Example:
        >>> vault = Vault()
        >>> text = "Write to ada@example.com"
        >>> vault.mask(text, [Finding(kind="EMAIL_ADDRESS", start=9, end=24)])
        'Write to <EMAIL_1>'
        >>> vault.restore("I wrote to <EMAIL_1>.")
        'I wrote to ada@example.com.'

    A credential is hidden and not given back: whoever asks for it by its placeholder, a model that was talked into
    sending it off with a tool or the text of an answer, gets the placeholder.

    Two that are written differently but are one value come back as it was written first. Values live in memory, in
    `dump` and in `kept`: encrypt what you store of them.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Vault({sorted(self._values)})"

    @classmethod
    def load(cls, values: Mapping[str, str | SecretStr], /) -> Vault:
        """The vault that `dump` or `kept` gave; raises InvalidInput where a key is not a placeholder."""
        vault = cls()
        for placeholder, given in values.items():
            value = given.get_secret_value() if isinstance(given, SecretStr) else given
            match = PLACEHOLDER.fullmatch(placeholder)
            if match is None:
                raise InvalidInput(
                    f"{placeholder!r} is not a placeholder", hint="load what Vault.dump returned, unchanged"
                )
            name, number = match[1], int(match[2])
            vault._values[placeholder] = value
            vault._placeholders[name, normal(name, value)] = placeholder
            vault._last[name] = max(number, vault._last.get(name, 0))
        return vault

    def dump(self) -> dict[str, str]:
        """Placeholder to value, as JSON-able data."""
        return dict(self._values)

    def kept(self) -> dict[str, SecretStr]:
        """The same for a graph's state, where callbacks, tracers and debug output see placeholders and no value."""
        return {placeholder: SecretStr(value) for placeholder, value in self._values.items()}

    @property
    def longest(self) -> int:
        """Characters of the longest placeholder; 0 where there is none."""
        return max(map(len, self._values), default=0)

    def mask(self, text: str, findings: Iterable[Finding], /, *, escape: bool = True) -> str:
        """`text` with a placeholder for each finding, and for each thing in it that looks like a placeholder.

        A text that was masked before is masked again with `escape=False`, which takes its placeholders for real.

        Findings must not overlap and lie within the text; one that does not is refused with InvalidInput.
        """
        spans = sorted((finding.start, finding.end, label(finding.kind)) for finding in findings)
        out: list[str] = []
        done = 0
        for start, end, name in spans:
            if not done <= start <= end <= len(text):
                raise InvalidInput(
                    f"the finding {name!r} at {start}..{end} overlaps another or leaves the text of {len(text)}",
                    hint="pass the findings of one verdict with the text that it was about",
                )
            out += self._escaped(text[done:start], escape), self._placeholder(name, text[start:end])
            done = end
        out.append(self._escaped(text[done:], escape))
        return "".join(out)

    def restore(self, text: str, /, *, in_addresses: bool = False) -> str:
        """`text` with the values back; a placeholder that is not of this vault, or a credential's, stays as it is.

        So does one inside a link, an image or any other address: whoever reads what is sent there must not read a
        value that a model put into it.

        Args:
            text: With placeholders.
            in_addresses: Give values back in addresses as well: only for a text that the user wrote.
        """
        if "<" not in text:
            return text
        return PLACEHOLDER.sub(self._restored, text) if in_addresses else self.restored(text, AddressContext())

    def restored(self, text: str, context: AddressContext, /) -> str:
        """A piece of a text with the values back, after the text that `context` has read; it reads this piece too."""
        if not self._values:
            return text
        out: list[str] = []
        at = 0
        for match in PLACEHOLDER.finditer(text):
            if match[0] not in self._values:
                continue
            context.feed(text[at : match.start()])
            value = match[0] if context.inside else self._restored(match)
            context.value()
            out += text[at : match.start()], value
            at = match.end()
        context.feed(text[at:])
        return "".join([*out, text[at:]])

    def value(self, placeholder: str, /) -> str | None:
        """What stands behind a placeholder, or None."""
        return self._values.get(placeholder)

    def could_grow_into_placeholder(self, tail: str, /) -> bool:
        """Whether `tail` is the beginning of one of the placeholders, and not a whole one."""
        return any(placeholder.startswith(tail) and placeholder != tail for placeholder in self._values)

    def _restored(self, match: re.Match[str]) -> str:
        return match[0] if match[1] in _NEVER else self._values.get(match[0], match[0])

    def _escaped(self, text: str, escape: bool) -> str:
        if not escape or "<" not in text:
            return text
        return PLACEHOLDER.sub(lambda match: self._placeholder(_LITERAL, match[0]), text)

    def _placeholder(self, name: str, value: str) -> str:
        key = (name, normal(name, value))
        if key not in self._placeholders:
            self._last[name] = self._last.get(name, 0) + 1
            placeholder = f"<{name}_{self._last[name]}>"
            self._placeholders[key] = placeholder
            self._values[placeholder] = value
        return self._placeholders[key]


class Restorer:
    """A stream with the vault's values given back; a StreamGuard.

    Holds back at most one character less than the vault's longest placeholder, and only after a `<` that could begin
    one. Its findings are empty: nothing was found, something was returned.
    """

    findings: tuple[Finding, ...] = ()

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._held = ""
        self._context = AddressContext()

    @property
    def holdback(self) -> int:
        """One less than the longest placeholder, 0 where there is none."""
        return max(0, self._vault.longest - 1)

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return len(self._held)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        text = self._held + text
        self._held = ""
        start = text.rfind("<")
        if start >= 0 and self._vault.could_grow_into_placeholder(text[start:]):
            self._held = text[start:]
            text = text[:start]
        return self._vault.restored(text, self._context)

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        held, self._held = self._held, ""
        return held
