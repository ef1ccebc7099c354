"""Token vectors in one bit a dimension.

A vector is turned by a fixed rotation, which spreads what it says evenly over its dimensions, and of each dimension
only the sign is kept, with one number a token: how close the signs come to the vector. A dot product with the signs,
divided by that number, estimates the cosine without bias (J. Gao, C. Long, "RaBitQ", *SIGMOD* 2024); in 384 dimensions
it is off by about .035. Tokens of stop words and punctuation are left out where the text is at hand.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import zlib

import numpy as np

from citeward.contracts.retrieval import TokenVectors, Vectors
from citeward.errors import InvalidInput, StoreCorrupt
from citeward.retrieval.rerank.content import content_tokens

VERSION = 1
_HEAD = struct.Struct("<BHH")
"""Version, dimensions, tokens. A crc32 of the head and of what follows stands behind it."""
_CHECK = struct.Struct("<I")
_STEPS = 255
"""A closeness of 0..1 in one byte."""
_MOST = 0xFFFF
"""Dimensions, or tokens, that the head can count."""


class TokenVectorPacker:
    """A `TokenPacker`: 49 bytes a token of 384 dimensions, 4 KB a passage of 650 characters, 8 KB without its text.

    Example:
        >>> vectors = np.eye(2, 384, dtype=np.float32)
        >>> packer = TokenVectorPacker()
        >>> len(packer.pack(TokenVectors(vectors=vectors, offsets=((0, 5), (6, 11))), "hello world"))
        107
    """

    @property
    def name(self) -> str:
        """Of the packed form."""
        return f"signs-{VERSION}"

    def pack(self, tokens: TokenVectors, /, text: str | None = None) -> bytes:
        """9 bytes, and for each token a byte and a bit a dimension.

        Args:
            tokens: Of one text.
            text: The text; where it is given, tokens of stop words and punctuation are left out.

        Raises:
            InvalidInput: More than 65535 tokens or dimensions.
        """
        rows = tokens.vectors
        if max(rows.shape) > _MOST:
            raise InvalidInput(f"token vectors of shape {rows.shape!r} cannot be packed", hint=f"At most {_MOST} each.")
        if text is not None and len(rows):
            rows = rows[content_tokens(text, tokens.offsets)]
        turned = self.turn(rows)
        closeness = np.abs(turned).sum(axis=1) / np.sqrt(max(1, rows.shape[1]))
        steps = np.clip(np.rint(closeness * _STEPS), 1, _STEPS).astype(np.uint8)
        body: bytes = steps.tobytes() + np.packbits(turned > 0, axis=1).tobytes()
        head: bytes = _HEAD.pack(VERSION, rows.shape[1], len(rows))
        check: bytes = _CHECK.pack(zlib.crc32(body, zlib.crc32(head)))
        return head + check + body

    def unpack(self, packed: bytes, /) -> Vectors:
        """float32[tokens, d], whose dot product with a turned unit vector estimates the cosine.

        Raises:
            StoreCorrupt: The bytes were cut short, altered, or packed by something else.
        """
        start = _HEAD.size + _CHECK.size
        if len(packed) < start:
            raise _garbled(f"they are {len(packed)} bytes long")
        version, dimensions, count = _HEAD.unpack_from(packed)
        (checksum,) = _CHECK.unpack_from(packed, _HEAD.size)
        head, body = packed[: _HEAD.size], packed[start:]
        width = -(-dimensions // 8)
        if version != VERSION:
            raise _garbled(f"their version is {version!r}, not {VERSION!r}")
        if len(body) != count * (1 + width) or zlib.crc32(body, zlib.crc32(head)) != checksum:
            raise _garbled("they were cut short or altered")
        steps = np.frombuffer(body, np.uint8, count).astype(np.float32)
        packed_bits = np.frombuffer(body, np.uint8, offset=count).reshape(count, width)
        signs = np.unpackbits(packed_bits, axis=1, count=dimensions).astype(np.float32)
        signs += signs
        signs -= 1
        signs *= (_STEPS / (np.sqrt(max(1, dimensions)) * np.maximum(steps, 1)))[:, None]
        return signs

    def turn(self, vectors: Vectors, /) -> Vectors:
        """Rows as the packed ones stand: rotated, lengths and angles kept.

        The rotation is the same for ever and comes from no data: signs drawn by a hash, then a Hadamard transform (of
        the power of two in d) beside a cosine transform (of the odd rest). No BLAS: its threads cost more than they
        save on so little.
        """
        count, dimensions = vectors.shape
        power = max(1, dimensions & -dimensions)
        odd = dimensions // power
        rows = vectors * _signs(dimensions)
        half = 1
        while half < power:
            pairs = rows.reshape(count, power // (2 * half), 2, half * odd)
            rows = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
            half *= 2
        turned: Vectors = np.einsum("npi,ij->npj", rows.reshape(count, power, odd), _cosine(odd))
        turned = turned.reshape(count, dimensions)
        turned /= np.float32(np.sqrt(power))
        return turned


@functools.lru_cache(maxsize=4)
def _signs(dimensions: int) -> Vectors:
    drawn = hashlib.shake_256(b"citeward").digest(-(-dimensions // 8))
    bits = np.unpackbits(np.frombuffer(drawn, np.uint8))[:dimensions]
    return bits.astype(np.float32) * 2 - 1


@functools.lru_cache(maxsize=4)
def _cosine(size: int) -> Vectors:
    """The orthonormal DCT-II, float32[size, size]."""
    frequency, place = np.indices((size, size))
    rows = np.cos(np.pi * (place + 0.5) * frequency / max(1, size)) * np.sqrt(2 / max(1, size))
    rows[:1] /= np.sqrt(2)
    turned: Vectors = rows.astype(np.float32)
    return turned


def _garbled(why: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"packed token vectors cannot be read: {why}",
        hint="Index the documents anew with `citeward reindex`, or leave their token vectors to be computed.",
    )
