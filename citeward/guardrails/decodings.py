"""What stretches of a text may stand for, if they are base64, hexadecimal or another encoding of a whole text."""

from __future__ import annotations

import base64
import re
import string
import zlib
from collections.abc import Callable, Iterator

_LONGEST_INFLATED = 100_000
_BASE64 = re.compile(r"[A-Za-z0-9+/_-](?:\r?\n[ \t]*(?=[A-Za-z0-9+/_-])|[A-Za-z0-9+/_-]){7,}={0,3}")
_BASE32 = re.compile(r"[A-Za-z2-7](?:\r?\n[ \t]*(?=[A-Za-z2-7])|[A-Za-z2-7]){9,}={0,6}")
_HEX = re.compile(r"(?<![0-9a-z])(?:(?:0x|\\x)?[0-9a-f]{2}[\s:,;-]{0,2}){6,}", re.IGNORECASE)
_CODES = re.compile(r"(?<!\d)(?:\d{2,3}[\s,;:/-]{1,3}){4,}\d{2,3}(?!\d)")
_BITS = re.compile(r"(?:[01]{8}[\s,;-]{0,2}){5,}")
_BASE85_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~"
_ASCII85_DIGITS = "".join(chr(33 + digit) for digit in range(85))


def decodings(text: str, /) -> Iterator[tuple[int, int, str]]:
    """Begin and end of each stretch that may be encoded, with each text that it may stand for."""
    for pattern, decode in _ENCODINGS:
        for match in pattern.finditer(text):
            for data in decode(match[0]):
                for meaning in _meanings(data):
                    yield match.start(), match.end(), meaning


def _meanings(data: bytes) -> Iterator[str]:
    yield data.decode("utf-8", "ignore")
    if b"\0" in data:
        yield data.decode("utf-16-le", "ignore")
        yield data.decode("utf-16-be", "ignore")
        yield data[1:].decode("utf-16-le", "ignore")
    for begin in range(min(4, len(data))):  # a few bytes of something else may stand before
        if data[begin : begin + 2] in (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
            try:
                inflated = zlib.decompressobj(wbits=47).decompress(data[begin:], _LONGEST_INFLATED)
            except zlib.error:
                continue
            yield inflated.decode("utf-8", "ignore")


def _base64(text: str) -> Iterator[bytes]:
    signs = re.sub(r"\s|=", "", text).replace("-", "+").replace("_", "/")
    for shift in range(4):
        shifted = signs[shift:]
        shifted = shifted[: len(shifted) - 1] if len(shifted) % 4 == 1 else shifted
        yield base64.b64decode(shifted + "=" * (-len(shifted) % 4))


def _base32(text: str) -> Iterator[bytes]:
    signs = re.sub(r"\s|=", "", text).upper()
    for shift in range(8):
        shifted = signs[shift:]
        shifted = shifted[: len(shifted) // 8 * 8]
        rest = signs[shift + len(shifted) :]
        keep = {0: 0, 1: 0, 2: 2, 3: 2, 4: 4, 5: 5, 6: 5, 7: 7}[len(rest)]
        yield base64.b32decode(shifted + (rest[:keep].ljust(8, "=") if keep else ""))


def _hex(text: str) -> Iterator[bytes]:
    digits = re.sub(r"0x|\\x|[^0-9a-f]", "", text, flags=re.IGNORECASE)
    for shift in range(2):
        shifted = digits[shift:]
        yield bytes.fromhex(shifted[: len(shifted) // 2 * 2])


def _codes(text: str) -> Iterator[bytes]:
    yield "".join(chr(int(code)) for code in re.findall(r"\d+", text)).encode()


def _bits(text: str) -> Iterator[bytes]:
    yield bytes(int(bits, 2) for bits in re.findall(r"[01]{8}", text))


def _base85(text: str, digits: str = _BASE85_DIGITS) -> Iterator[bytes]:
    """The bytes of each five signs, wherever the first five begin; five that stand for no bytes give none."""
    values = [digits.find(sign) for sign in text]
    for shift in range(5):
        data = b""
        for at in range(shift, len(values), 5):
            five = values[at : at + 5]
            number = 0
            for value in [*five, *[84] * (5 - len(five))]:
                number = number * 85 + value
            data += number.to_bytes(4)[: len(five) - 1] if number < 1 << 32 else b""
        yield data


def _ascii85(text: str) -> Iterator[bytes]:
    return _base85(text, _ASCII85_DIGITS)


_ENCODINGS: tuple[tuple[re.Pattern[str], Callable[[str], Iterator[bytes]]], ...] = (
    (_BASE64, _base64),
    (_BASE32, _base32),
    (_HEX, _hex),
    (_CODES, _codes),
    (_BITS, _bits),
    (re.compile(rf"[{re.escape(_BASE85_DIGITS)}]{{9,}}"), _base85),
    (re.compile(rf"[{re.escape(_ASCII85_DIGITS)}]{{9,}}"), _ascii85),
)
