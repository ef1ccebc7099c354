"""Text that was encoded so that nobody reads it but the model."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from citeward.guardrails.injection.lexicon import LONG, load_lexicon

MOST = 200_000
"""Characters of code that are decoded of one text, each kind of code by itself."""
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}(?:\r?\n[A-Za-z0-9+/_-]{20,})*(?:\r?\n[A-Za-z0-9+/_-]{1,80})?={0,2}"
)
_BASE32 = re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{24,}={0,6}(?![A-Za-z0-9])")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:\\x|0[xX])?[0-9A-Fa-f]{2}(?:, ?|[ :;\-\n])?){16,}")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9_.+-]){24,}")
_ESCAPED = re.compile(r"(?:\\u00[0-9A-Fa-f]{2}){8,}")
_DECIMAL = re.compile(r"(?<![\d.,])(?:[0-9]{2,3}[ ,;\n]{1,3}){11,}[0-9]{2,3}(?![\d.])")
_BINARY = re.compile(r"(?<![\d.,])(?:[01]{8}[ ,;\n]{0,2}){8,}(?!\d)")
_MORSE_CODE = re.compile(r"(?<![.\-])(?:[.\-]{1,5}(?: ?[/|] ?| {1,3})){11,}[.\-]{1,5}(?![.\-])")
_BRAILLE = re.compile("[\u2800-\u283f ]{12,}")
_MORSE = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
_MORSE_LETTERS = dict(zip(_MORSE.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))
_BRAILLE_LETTERS = dict(zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", "abcdefghijklmnopqrstuvwxyz", strict=True))
_LATIN_WORD = re.compile(r"[a-zA-Z]{6,}")
_TELLING = (
    "ignore",
    "ignoring",
    "disregard",
    "previous",
    "instruc",
    "forget",
    "system",
    "prompt",
    "reveal",
    "override",
    "guideline",
)
"""Words by which a text is known whose letters were all moved along the alphabet, however far."""


@dataclass(frozen=True, kw_only=True)
class Payload:
    """An encoded text, by the offsets of its code."""

    text: str
    start: int
    end: int


def payloads(text: str, /) -> Iterator[Payload]:
    """What in `text` can be decoded to readable text.

    From base64, base32, hexadecimal, decimal and binary numbers, percent and \\u escapes, Morse code and Braille.
    Each code is read once: the time is linear in the text.
    """
    for pattern, decode in _CODES:
        left = MOST
        for match in pattern.finditer(text):
            code = match[0][:left]
            left -= len(code)
            decoded = decode(code)
            if decoded is not None and _readable(decoded):
                yield Payload(text=decoded, start=match.start(), end=match.end())
            if not left:
                break


def ciphers(text: str, /) -> Iterator[Payload]:
    """The whole of `text` with its letters put back, if they were moved along the alphabet or written backwards.

    ROT13 is the usual way to move them. A text is known by words of an attack that come out; any other is left alone.
    """
    yield from _moved(text)
    yield from _backwards(text)


def _base64(code: str) -> str | None:
    stripped = re.sub(r"\s", "", code).rstrip("=").translate(str.maketrans("-_", "+/"))
    stripped = stripped[: len(stripped) - (len(stripped) % 4 == 1)]
    try:
        return _text(base64.b64decode(stripped + "=" * (-len(stripped) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _base32(code: str) -> str | None:
    stripped = code.rstrip("=")
    stripped = stripped[: len(stripped) // 8 * 8 + {0: 0, 1: 0, 2: 2, 3: 2, 4: 4, 5: 5, 6: 5, 7: 7}[len(stripped) % 8]]
    try:
        return _text(base64.b32decode(stripped + "=" * (-len(stripped) % 8)))
    except (binascii.Error, ValueError):
        return None


def _hex(code: str) -> str | None:
    digits = re.sub(r"\\x|0[xX](?=[0-9A-Fa-f]{2})|[ ,:;\-\n]", "", code)
    return _text(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _percent(code: str) -> str | None:
    if code.count("%") < 3:
        return None
    return _text(unquote_to_bytes(code.replace("+", " ")))


def _escaped(code: str) -> str | None:
    return "".join(chr(int(code[at + 4 : at + 6], 16)) for at in range(0, len(code) - 5, 6))


def _decimal(code: str) -> str | None:
    values = [int(number) for number in re.findall(r"\d+", code)]
    return _text(bytes(values)) if max(values) < 256 else None


def _binary(code: str) -> str | None:
    digits = re.sub(r"[^01]", "", code)
    return _text(bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits) - 7, 8)))


def _morse(code: str) -> str | None:
    words = re.split(r" ?[/|] ?| {2,3}", code)
    return " ".join("".join(_MORSE_LETTERS.get(letter, "") for letter in word.split()) for word in words)


def _braille(code: str) -> str | None:
    return "".join(_BRAILLE_LETTERS.get(char, " ") for char in code)


_CODES: tuple[tuple[re.Pattern[str], Callable[[str], str | None]], ...] = (
    (_BASE64, _base64),
    (_BASE32, _base32),
    (_HEX, _hex),
    (_PERCENT, _percent),
    (_ESCAPED, _escaped),
    (_DECIMAL, _decimal),
    (_BINARY, _binary),
    (_MORSE_CODE, _morse),
    (_BRAILLE, _braille),
)


def _text(raw: bytes) -> str | None:
    # A code that was cut off still says most of what it says; before it may stand what only looks like more of it, as
    # the last letters of "decode 69".
    for skipped, cut in itertools.product(range(3), range(4)):
        try:
            return raw[skipped : len(raw) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return None


def _readable(text: str) -> bool:
    """Words with spaces between, or in a script that needs none, or once more code; not bytes that happen to decode."""
    if _BASE64.fullmatch(text.strip()):
        return True
    letters = sum(char.isalpha() or char.isspace() or unicodedata.category(char)[0] == "M" for char in text)
    return (" " in text.strip() or not text.isascii()) and letters >= 0.8 * len(text)


def _steps(word: str) -> tuple[int, ...]:
    """How far each letter is from the one before it: the same wherever the word was moved along the alphabet."""
    return tuple((ord(other) - ord(one)) % 26 for one, other in itertools.pairwise(word[:6]))


_STEPS = {_steps(word): word for word in _TELLING}
_MIRRORED = {tuple(-step % 26 for step in steps): word for steps, word in _STEPS.items()}


def _moved(text: str) -> Iterator[Payload]:
    """The text with its letters moved back, once for each distance by which a telling word was moved."""
    keys: dict[tuple[int, bool], int] = {}
    for match in _LATIN_WORD.finditer(text):
        found = match[0].lower()
        steps = _steps(found)
        if (word := _STEPS.get(steps)) and found[0] != word[0]:
            key = ((ord(word[0]) - ord(found[0])) % 26, False)
        elif word := _MIRRORED.get(steps):
            key = ((ord(word[0]) + ord(found[0]) - 2 * ord("a")) % 26, True)
        else:
            continue
        keys[key] = keys.get(key, 0) + 1
    for (by, mirrored), _ in sorted(keys.items(), key=lambda item: -item[1])[:2]:
        places = [(by - at if mirrored else by + at) % 26 for at in range(26)]
        lower = "".join(chr(ord("a") + place) for place in places)
        table = str.maketrans("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", lower + lower.upper())
        yield Payload(text=text.translate(table), start=0, end=len(text))


_RUN = re.compile(r"[^\W\d_]+")
_LONG_RUN = re.compile(rf"[^\W\d_]{{{LONG},}}")
_MOST_LETTERS = 20
"""Letters of a word that are looked at; a longer one is none."""


def _backwards(text: str) -> Iterator[Payload]:
    """The text read from its end, and each word turned round, if words of an attack come out."""
    lexicon = load_lexicon()
    turned = 0
    for match in _LONG_RUN.finditer(text):
        if lexicon.begins(match[0][::-1].lower()[:_MOST_LETTERS]):
            turned += 1
            if turned == _TURNED:
                break
    else:
        return
    yield Payload(text=text[::-1], start=0, end=len(text))
    yield Payload(text=_RUN.sub(lambda match: match[0][::-1], text), start=0, end=len(text))


_TURNED = 2
"""Such words from which on the text is read so."""
