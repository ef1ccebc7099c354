"""What a checkpointer stores, encrypted: AES-256-GCM, with keys that can be changed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

from citeward.errors import CheckpointError, SettingsError
from citeward.graphs.state import checkpoint_serializer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BYTES = 32
"""Of a key."""
_SCHEME = "aes256gcm"
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
    """Encrypts with the first key and decrypts with whichever of them it was; LangGraph's `CipherProtocol`.

    Each value is stored as nonce and ciphertext under the name ``aes256gcm-ID``, where ID tells the key. The name is
    authenticated with the value.

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
    def name(self) -> str:
        """What is encrypted from now on stands under this name."""
        return f"{_SCHEME}-{self._first.id}"

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        """The cipher's name, and nonce with ciphertext."""
        nonce = os.urandom(_NONCE)
        return self.name, nonce + self._first.aead.encrypt(nonce, plaintext, self.name.encode())

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        """The plaintext.

        Raises:
            CheckpointError: The key is not among those known, or the value was altered.
        """
        from cryptography.exceptions import InvalidTag

        scheme, _, wanted = ciphername.partition("-")
        key = self._keys.get(wanted) if scheme == _SCHEME else None
        if key is None:
            raise self.unknown(ciphername)
        try:
            return key.aead.decrypt(ciphertext[:_NONCE], ciphertext[_NONCE:], ciphername.encode())
        except (InvalidTag, ValueError) as error:
            raise CheckpointError(
                f"a stored state under {ciphername!r} was altered or cut off",
                hint="Restore the file of threads from a copy, or forget the thread.",
            ) from error

    def knows(self, ciphername: str) -> bool:
        """Whether a value of that cipher can be read."""
        scheme, _, wanted = ciphername.partition("-")
        return scheme == _SCHEME and wanted in self._keys

    def unknown(self, ciphername: str) -> CheckpointError:
        """The error for a value whose key is not here."""
        return CheckpointError(
            f"threads are stored under {ciphername!r}; the keys at hand are {', '.join(self._keys)}",
            hint="Give the key that they were written with: as CITEWARD_STATE__KEY, under [state] old_keys, or as the "
            "key file beside the threads.",
        )


class _Encrypted(EncryptedSerializer):
    """As LangGraph's, but nothing that is not encrypted is read: who can write the file cannot plant a state in it."""

    def loads_typed(self, data: tuple[str, bytes]) -> object:
        if "+" not in data[0]:
            raise CheckpointError(
                f"a stored state of type {data[0]!r} is not encrypted",
                hint="Open the file of threads with `citeward`, which encrypts what an older version left there.",
            )
        return super().loads_typed(data)


def encrypted_serializer(*keys: Key | str) -> EncryptedSerializer:
    """The serializer for a checkpointer of these graphs that encrypts everything it stores.

    ::

        saver = AsyncPostgresSaver(connection, serde=encrypted_serializer(os.environ["THREADS_KEY"]))

    Args:
        keys: 32 bytes each, or their base64; the first encrypts, all decrypt.

    Raises:
        SettingsError: There is none, or one is not 32 bytes in base64.
    """
    return sealing(Cipher([key if isinstance(key, Key) else Key.read(key) for key in keys]))


def sealing(cipher: Cipher) -> EncryptedSerializer:
    """The serializer that encrypts with this cipher."""
    return _Encrypted(cipher, checkpoint_serializer())
