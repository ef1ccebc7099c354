"""Addresses of cryptocurrencies, by their checksums.

Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Tron, XRP with its own alphabet), Bech32 and Bech32m (BIP-173 and
BIP-350: `bc1…`, `ltc1…`, `addr1…`, `cosmos1…`) hold checksums of 30 and 32 bits, so what passes is no accident.
Ethereum's and Monero's are told by their form: their checksums need Keccak, which no library here brings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import reduce

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.reading import WORD

KIND = "CRYPTO"
SHORTEST = 26

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_ENDS = frozenset({1, 0x2BC830A3})

_CANDIDATE = re.compile(
    rf"(?<![{WORD}])(?:"
    r"(?P<ethereum>0x[0-9a-fA-F]{40})"
    r"|(?P<monero>[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93})"
    r"|(?P<bech32>[a-z]{2,12}1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{14,110}|[A-Z]{2,12}1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{14,110})"
    r"|(?P<base58>[1-9A-HJ-NP-Za-km-z]{26,35})"
    rf")(?![{WORD}])"
)


def wallets(text: str, _before: str = "", /) -> Iterator[Finding]:
    """Every address in `text` whose checksum agrees, or whose form leaves no doubt."""
    if len(text) < SHORTEST:
        return
    for match in _CANDIDATE.finditer(text):
        match match.lastgroup:
            case "base58":
                score = 1.0 if _base58check(match[0]) else 0.0
            case "bech32":
                score = 1.0 if _bech32check(match[0].lower()) else 0.0
            case _:
                score = 0.8
        if score:
            yield Finding(kind=KIND, start=match.start(), end=match.end(), score=score)


def _base58check(address: str) -> bool:
    return any(_sum_agrees(address, alphabet) for alphabet in (_BASE58, _RIPPLE))


def _sum_agrees(address: str, alphabet: str) -> bool:
    number = reduce(lambda total, char: total * 58 + alphabet.index(char), address, 0)
    if number.bit_length() > 200:  # a version, 20 bytes, a checksum of 4
        return False
    payload, checksum = (raw := number.to_bytes(25, "big"))[:-4], raw[-4:]
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] == checksum


def _bech32check(address: str) -> bool:
    prefix, _, data = address.rpartition("1")
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    values += [_BECH32.index(char) for char in data]
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum in _BECH32_ENDS
