"""What a checkpointer stores, encrypted: AES-256-GCM, with keys that can be changed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from citeward.errors import CheckpointError, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BYTES = 32
"""Of a key."""
_UNBOUND = "aes256gcm"
"""Names the format of older versions, in which a value is not bound to its place."""
_MAGIC = b"cw2"
"""The first bytes of every sealed value; the key's id and the nonce follow."""
_HEADER = len(_MAGIC) + 4
_NONCE = 12
"""Bytes, random for each value: fit for 2^32 values under one key (NIST SP 800-38D, section 8.3)."""


@dataclass(frozen=True)
class Key:
    """A key of 32 random bytes; it shows its id and never itself.

    Raises:
        SettingsError: It has another length.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != BYTES:
            raise SettingsError(f"a key for threads has {len(self.secret)} bytes; it must have {BYTES}", hint=_HINT)

    @classmethod
    def new(cls) -> Key:
        """A random one."""
        return cls(os.urandom(BYTES))

    @classmethod
    def read(cls, text: str) -> Key:
        """The key that `text` is in base64, of the standard or the URL's alphabet. Raises SettingsError, which repeats
        nothing of it."""
        try:
            return cls(base64.b64decode(text.strip().translate(_URL), validate=True))
        except (binascii.Error, ValueError):
            raise SettingsError("a key for threads is not base64", hint=_HINT) from None

    @property
    def text(self) -> str:
        """The key in base64."""
        return base64.b64encode(self.secret).decode()

    @cached_property
    def id(self) -> str:
        """Eight hex digits that tell keys apart and tell nothing of them."""
        return hashlib.sha256(b"citeward key id\0" + self.secret).hexdigest()[:8]

    @cached_property
    def aead(self) -> AESGCM:
        """The cipher itself."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.secret)


_HINT = "Make one with `openssl rand -base64 32` and set it as CITEWARD_STATE__KEY."
_URL = str.maketrans("-_", "+/")


class Cipher:
    """Seals values with the first key, and opens those sealed with any of them.

    A sealed value is bound to its place: the words that say where it is stored (thread, namespace, checkpoint, …) are
    authenticated with it, so that it opens nowhere else.

    >>> cipher = Cipher([Key.new()])
    >>> sealed = cipher.seal(b"said", ["checkpoint", "ada/t"])
    >>> cipher.open(sealed, ["checkpoint", "ada/t"], what="a checkpoint")
    b'said'

    Args:
        keys: At least one. A key is changed by putting the new one first and keeping the old one after it.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        if not keys:
            raise SettingsError("there is no key to encrypt threads with", hint=_HINT)
        self._first = keys[0]
        self._keys = {key.id: key for key in keys}

    def __repr__(self) -> str:
        return f"Cipher({list(self._keys)})"

    @property
    def key_id(self) -> str:
        """Id of the key that seals from now on."""
        return self._first.id

    def seal(self, plaintext: bytes, place: Sequence[str]) -> bytes:
        """The value encrypted, for this place alone."""
        header, nonce = _MAGIC + bytes.fromhex(self._first.id), os.urandom(_NONCE)
        return header + nonce + self._first.aead.encrypt(nonce, plaintext, _bound(header, place))

    def open(self, sealed: object, place: Sequence[str], *, what: str) -> bytes:
        """The value.

        Args:
            sealed: As the store gave it.
            place: Where it was found.
            what: Names it in the error.

        Raises:
            CheckpointError: It is not sealed, its key is not among those known, it was altered, or it was sealed for
                another place.
        """
        from cryptography.exceptions import InvalidTag

        if not isinstance(sealed, bytes) or (key_id := sealed_with(sealed)) is None:
            raise CheckpointError(f"{what} is not bound to its place, or not encrypted at all", hint=_UNBOUND_HINT)
        if (key := self._keys.get(key_id)) is None:
            raise self.unknown(key_id)
        header, rest = sealed[:_HEADER], sealed[_HEADER:]
        try:
            return key.aead.decrypt(rest[:_NONCE], rest[_NONCE:], _bound(header, place))
        except (InvalidTag, ValueError) as error:
            raise CheckpointError(
                f"{what} was altered or cut off, or belongs to another place",
                hint="Restore the threads from a copy, or forget this thread.",
            ) from error

    def reseal(self, sealed: bytes, place: Sequence[str], *, what: str) -> bytes:
        """The value sealed with the first key, when it is under another one; else as it is."""
        if sealed_with(sealed) == self.key_id:
            return sealed
        return self.seal(self.open(sealed, place, what=what), place)

    def open_unbound(self, name: str, stored: bytes) -> bytes:
        """A value that an older version encrypted, under the name of its cipher: `aes256gcm-ID`.

        Only a migration reads such values. Nothing says where one was stored, so who can write the database could
        have put it anywhere.

        Raises:
            CheckpointError: The key is not among those known, or the value was altered.
        """
        from cryptography.exceptions import InvalidTag

        key_id = unbound_key(name)
        if key_id is None or (key := self._keys.get(key_id)) is None:
            raise self.unknown(key_id or name)
        try:
            return key.aead.decrypt(stored[:_NONCE], stored[_NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise CheckpointError(
                f"a stored state under {name!r} was altered or cut off",
                hint="Restore the threads from a copy, or move them away to begin anew.",
            ) from error

    def knows(self, key_id: str) -> bool:
        """Whether a value under that key can be opened."""
        return key_id in self._keys

    def unknown(self, key_id: str) -> CheckpointError:
        """The error for a value whose key is not here."""
        return CheckpointError(
            f"threads are stored under the key {key_id!r}; the keys at hand are {', '.join(self._keys)}",
            hint="Give the key that they were written with: as CITEWARD_STATE__KEY, under [state] old_keys, or as the "
            "key file beside the threads.",
        )


_UNBOUND_HINT = (
    "Open the threads with SqliteThreads or PostgresThreads, which convert what an older version stored, once. "
    "What is stored so after that is not read."
)


def sealed_with(stored: bytes) -> str | None:
    """Id of the key that a value was sealed with; None when it is not a sealed value."""
    return stored[len(_MAGIC) : _HEADER].hex() if stored.startswith(_MAGIC) and len(stored) > _HEADER else None


def unbound_key(name: str) -> str | None:
    """Id of the key in the name of a cipher of older versions; None when it is no such name."""
    scheme, _, key_id = name.partition("-")
    return key_id if scheme == _UNBOUND and key_id else None


def ciphers(keys: Sequence[Key | str]) -> Cipher:
    """A cipher with these keys, each a `Key` or its base64."""
    return Cipher([key if isinstance(key, Key) else Key.read(key) for key in keys])


def _bound(header: bytes, place: Sequence[str]) -> bytes:
    """What is authenticated with a value. JSON keeps the words apart, whatever stands in them."""
    return header + json.dumps(list(place)).encode()
