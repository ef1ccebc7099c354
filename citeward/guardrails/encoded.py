"""A vault's values in what a tool gives back, however the tool has written them."""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from citeward.contracts.guardrail import Finding
from citeward.guardrails.decodings import decodings
from citeward.guardrails.vault import PLACEHOLDER, RESULT, Vault

ENCODED = "ENCODED"
"""The beginning of kinds: `<ENCODED_EMAIL_1>` is an address in another encoding."""
GAP = 12
"""The most characters that are neither letters nor digits between two letters or digits of a value: in a list of
characters, quotation marks and commas, and a sign of the value itself."""
_SHORT_GAP = 3
"""The same for a value of fewer than `_LEAST` letters and digits."""
_LEAST = 6
"""Letters and digits from which a value is looked for inside other words, and inside what was decoded."""
_DEEPEST = 3
"""Encodings on top of one another that are taken off."""
_MOST_RESULTS = 60
"""Placeholders for parts of one result; with more of them the whole result is one."""
_ESCAPED = (
    r"(?P<percent>(?:%[0-9a-f]{2})+)"
    r"|\\u\{(?P<braced>[0-9a-f]{1,6})\}|\\u(?P<four>[0-9a-f]{4})|\\U(?P<eight>[0-9a-f]{8})"
    r"|(?P<bytes>(?:\\x[0-9a-f]{2})+)|\\(?P<octal>[0-3][0-7]{2})|\\(?P<plain>[/\"'\\])|\\(?P<space>[nrt])"
    r"|(?P<entity>&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,30});?)"
)
_ESCAPES = (
    re.compile(_ESCAPED, re.IGNORECASE),
    re.compile(rf"(?P<soft>=\r?\n)|(?P<quoted>(?:=[0-9A-F]{{2}})+)|{_ESCAPED}", re.IGNORECASE),
)
"""Without quoted-printable and with it: `=41` may also be an equals sign and a number."""
_TOKEN = re.compile(r"[^\s\"'`<>{}()\[\],;|\x00]+")
_READABLE = re.compile(r"[\t\r\n -~]{8,}")
"""What may be encoded once more."""
_TRIMMED = ".,:!?*_~"


@dataclass(frozen=True, kw_only=True)
class _Form:
    """The letters and digits of a value, in one of the orders in which they may stand."""

    letters: str
    placeholder: str
    plain: bool
    """Whether they stand for the value itself: not when they are reversed or shifted."""
    before: str = ""
    """What stands in the value before its first letter or digit: the plus of a telephone number."""


@dataclass(frozen=True, kw_only=True)
class _Span:
    start: int
    end: int
    placeholder: str
    plain: bool


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A text as it reads when its escapes are taken off, and which of its characters each one stands for."""

    chars: str
    starts: list[int]
    ends: list[int]


def hide_values(text: str, vault: Vault, *, made_from: Iterable[str] = (), known: str = "") -> str:
    """`text` with placeholders in the place of the vault's values, in every encoding that is known here.

    A value is found in any case, with other characters between its letters and digits, over lines, percent-encoded, as
    HTML or JSON escapes, quoted-printable, backwards, in rot13, base64, base32, base85, hexadecimal, character codes,
    and compressed where that is encoded again, also one in another. A value that is only written otherwise becomes its
    own placeholder. A reversed or encoded one becomes a placeholder that gives back what was written.

    Where a value went into the call, anything in the result may be computed from it, which no search can tell. Then
    everything with a digit or an `@` in it, every long token without spaces, and every word that is a part of the value
    becomes a placeholder as well, except for what stands in `known`.

    Args:
        text: A result that has gone through `Vault.mask`: its placeholders are real ones.
        vault: Whose values; takes the placeholders that are made.
        made_from: The placeholders whose values the tool was given, if what it gives may be computed from them.
        known: What the model has said in the call, without values.
    """
    forms = list(_forms(vault))
    if not forms:
        return text
    text = _replaced(text, _outermost(_found(text, forms)), vault)
    values = [value for one in made_from if (value := vault.value(one)) is not None]
    if not values:
        return text
    computed = list(_computed(text, values, known))
    if len(computed) > _MOST_RESULTS:
        text = vault.restore(text, in_addresses=True)
        computed = [Finding(kind=RESULT, start=0, end=len(text))]
    return vault.mask(text, computed, escape=False)


def _replaced(text: str, spans: list[_Span], vault: Vault) -> str:
    """The text with the spans replaced: those that are a value, or hold one that is never given back, by its own
    placeholder."""
    out: list[str] = []
    at = 0
    for span in spans:
        whole = text[span.start : span.end]
        kind = f"{ENCODED}_{span.placeholder[1:].rpartition('_')[0]}"
        encoded = Finding(kind=kind, start=0, end=len(whole))
        itself = span.plain or vault.restore(span.placeholder, in_addresses=True) == span.placeholder
        out += text[at : span.start], span.placeholder if itself else vault.mask(whole, [encoded], escape=False)
        at = span.end
    return "".join([*out, text[at:]])


def _is_derived(placeholder: str) -> bool:
    return placeholder.startswith((f"<{RESULT}_", f"<{ENCODED}_", "<TEXT_"))


def _forms(vault: Vault) -> Iterator[_Form]:
    for placeholder, value in vault.dump().items():
        if _is_derived(placeholder):
            continue
        before = value[: next((at for at, char in enumerate(value) if char.isalnum()), 0)]
        spellings = {_folded(value), _folded(value.replace("@", " at ").replace(".", " dot "))}
        for letters in spellings:
            if not letters:
                continue
            yield _Form(letters=letters, placeholder=placeholder, plain=True, before=before)
            if len(letters) >= _LEAST:
                # Signs with accents are not shifted: fold before and after.
                shifted = {codecs.encode(letters, "rot13"), _folded(codecs.encode(value, "rot13"))}
                for other in {letters[::-1], *shifted, *(one[::-1] for one in shifted)} - {letters}:
                    yield _Form(letters=other, placeholder=placeholder, plain=False)


def _found(text: str, forms: list[_Form], depth: int = _DEEPEST) -> Iterator[_Span]:
    long = [form for form in forms if len(form.letters) >= _LEAST]
    for reading in _readings(text):
        yield from _spelled(reading, forms)
        if not depth or not long:
            continue
        for start, end, decoded in decodings(reading.chars):
            if (placeholder := _inside(decoded, long, depth - 1)) is not None:
                first, last = reading.starts[start], reading.ends[end - 1]
                yield _Span(start=first, end=last, placeholder=placeholder, plain=False)


def _inside(decoded: str, forms: list[_Form], depth: int) -> str | None:
    """The placeholder of the first value that stands in what was decoded."""
    letters = _folded(decoded)
    if len(letters) < _LEAST:
        return None
    # The last signs of an encoding are read wrongly if something stands directly behind them.
    found = next(
        (form.placeholder for form in forms if form.letters[: max(_LEAST, len(form.letters) - 2)] in letters), None
    )
    if found is not None:
        return found
    readable = _READABLE.findall(decoded)
    return next((span.placeholder for run in readable for span in _found(run, forms, depth)), None)


def _outermost(spans: Iterable[_Span]) -> list[_Span]:
    """Without those that overlap one that begins earlier, or is longer, or says what it is."""
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end, not one.plain)):
        if kept and span.start < kept[-1].end:
            if span.end > kept[-1].end:
                last = kept.pop()
                kept.append(_Span(start=last.start, end=span.end, placeholder=last.placeholder, plain=False))
            continue
        kept.append(span)
    return kept


def _spelled(reading: _Reading, forms: list[_Form]) -> Iterator[_Span]:
    """Where the letters and digits of a form stand one after the other."""
    folded: list[str] = []
    places: list[int] = []
    for place, char in enumerate(reading.chars):
        if char == "\0":
            folded += "\0"
            places.append(place)
            continue
        for letter in _folded(char):
            folded.append(letter)
            places.append(place)
    letters = "".join(folded)
    for form in forms:
        at = letters.find(form.letters)
        while at >= 0:
            end = at + len(form.letters)
            here = places[at:end]
            long = len(form.letters) >= _LEAST
            near = all(b - a <= 1 + (GAP if long else _SHORT_GAP) for a, b in pairwise(here))
            if near and (long or _stands_alone(reading.chars, here[0], here[-1])):
                yield _Span(
                    start=reading.starts[_with_sign(reading.chars, here[0], form.before)],
                    end=reading.ends[here[-1]],
                    placeholder=form.placeholder,
                    plain=form.plain,
                )
            at = letters.find(form.letters, at + 1)


def _with_sign(chars: str, first: int, sign: str) -> int:
    """Where a value begins whose first letter or digit stands at `first`, and which has a sign before it."""
    near = unicodedata.normalize("NFKC", chars[max(0, first - GAP) : first])
    at = near.rfind(sign) if sign else -1
    if at < 0 or len(near) != first - max(0, first - GAP) or any(map(str.isalnum, near[at:])):
        return first
    return first - len(near) + at


def _stands_alone(chars: str, first: int, last: int) -> bool:
    before, after = chars[first - 1 : first] if first else "", chars[last + 1 : last + 2]
    return not before.isalnum() and not after.isalnum()


def _folded(text: str) -> str:
    """The letters and digits of a text in one case, without accents and look-alikes of Unicode's own."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(str(unicodedata.decimal(char, char)) for char in plain if char.isalnum())


def _readings(text: str) -> Iterator[_Reading]:
    """The text as it is, and without its escapes; placeholders are a gap that no value goes over."""
    barred = PLACEHOLDER.sub(lambda match: "\0" * len(match[0]), text)
    plain = _Reading(chars=barred, starts=list(range(len(text))), ends=list(range(1, len(text) + 1)))
    yield plain
    seen = {barred}
    for escape in _ESCAPES:
        reading = plain
        for _ in range(_DEEPEST):
            reading = _unescaped(reading, escape)
            if reading.chars in seen:
                break
            seen.add(reading.chars)
            yield reading


def _unescaped(reading: _Reading, escape: re.Pattern[str]) -> _Reading:
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0

    def take(text: str, first: int, last: int) -> None:
        chars.extend(text)
        starts.extend([reading.starts[first]] * len(text))
        ends.extend([reading.ends[last]] * len(text))

    for match in escape.finditer(reading.chars):
        chars.append(reading.chars[at : match.start()])
        starts += reading.starts[at : match.start()]
        ends += reading.ends[at : match.start()]
        take(_meant(match), match.start(), match.end() - 1)
        at = match.end()
    chars.append(reading.chars[at:])
    return _Reading(chars="".join(chars), starts=starts + reading.starts[at:], ends=ends + reading.ends[at:])


def _meant(match: re.Match[str]) -> str:
    """What an escape stands for."""
    kind, text = str(match.lastgroup), match[0]
    if kind in ("percent", "quoted", "bytes"):
        return _text(bytes.fromhex(re.sub(r"[%=]|\\x", "", text, flags=re.IGNORECASE)))
    if kind in ("braced", "four", "eight"):
        code = int(match[kind], 16)
        return chr(code) if code <= 0x10FFFF else ""
    if kind == "octal":
        return chr(int(match[kind], 8))
    if kind == "entity":
        return html.unescape(text)
    return {"plain": match[kind], "space": " "}.get(kind, "")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _computed(text: str, values: list[str], known: str) -> Iterator[Finding]:
    """What in a result may be computed from the values."""
    said = {token.strip(_TRIMMED) for token in _TOKEN.findall(known)}
    wholes = [_folded(value) for value in values]
    wholes += [whole[::-1] for whole in wholes]
    barred = PLACEHOLDER.sub(lambda match: "\0" * len(match[0]), text)
    for match in _TOKEN.finditer(barred):
        token = match[0].strip(_TRIMMED)
        if not token or token in said:
            continue
        letters = _folded(token)
        telling = any(char.isdigit() for char in token) or "@" in token or len(token) >= 20
        if telling or (len(letters) > 2 and any(letters in whole for whole in wholes)):
            start = match.start() + match[0].index(token)
            yield Finding(kind=RESULT, start=start, end=start + len(token))
