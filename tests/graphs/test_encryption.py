"""What a cipher seals, in bytes, and where it opens again."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import CheckpointError, SettingsError
from citeward.graphs.encryption import Cipher, Key, ciphers, sealed_with, unbound_key

OLD, NEW = Key(b"o" * 32), Key(b"n" * 32)
PLACE = ["checkpoint", "default/ada/assistant/t", "", "1ef"]
PLACES = st.lists(st.text(max_size=4), max_size=5)


def unbound(key: Key, plain: bytes) -> tuple[str, bytes]:
    """A value as versions before this one stored it."""
    name, nonce = f"aes256gcm-{key.id}", os.urandom(12)
    return name, nonce + key.aead.encrypt(nonce, plain, name.encode())


@given(st.binary(max_size=200))
def test_every_value_comes_back_and_is_never_written_twice_alike(value: bytes) -> None:
    cipher = Cipher([NEW])
    first, second = cipher.seal(value, PLACE), cipher.seal(value, PLACE)
    assert first != second
    assert cipher.open(first, PLACE, what="x") == cipher.open(second, PLACE, what="x") == value


@pytest.mark.fuzz
@given(PLACES, PLACES)
def test_a_value_opens_in_its_own_place_and_in_no_other(place: list[str], other: list[str]) -> None:
    cipher = Cipher([NEW])
    sealed = cipher.seal(b"said", place)
    if place == other:
        assert cipher.open(sealed, other, what="x") == b"said"
    else:
        with pytest.raises(CheckpointError, match="the thread of Ada"):
            cipher.open(sealed, other, what="the thread of Ada")


def test_nothing_of_a_value_or_its_place_is_in_its_bytes() -> None:
    sealed = Cipher([NEW]).seal(b"ada@example.com", PLACE)
    assert b"ada" not in sealed
    assert sealed_with(sealed) == NEW.id


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = Cipher([OLD]).seal(b"said", PLACE)
    both = Cipher([NEW, OLD])
    assert both.open(sealed, PLACE, what="x") == b"said"
    assert sealed_with(both.reseal(sealed, PLACE, what="x")) == NEW.id
    assert both.reseal(both.seal(b"said", PLACE), PLACE, what="x") != sealed


def test_a_value_of_an_unknown_key_names_the_key_and_the_way_out() -> None:
    sealed = Cipher([OLD]).seal(b"said", PLACE)
    with pytest.raises(CheckpointError, match=OLD.id) as caught:
        Cipher([NEW]).open(sealed, PLACE, what="x")
    assert "CITEWARD_STATE__KEY" in caught.value.hint


@pytest.mark.parametrize("change", ["flipped", "cut", "renamed", "header alone"])
def test_a_value_that_was_altered_is_refused(change: str) -> None:
    cipher = Cipher([NEW, OLD])
    sealed = cipher.seal(b"said", PLACE)
    altered = {
        "flipped": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "cut": sealed[:12],
        "renamed": sealed.replace(bytes.fromhex(NEW.id), bytes.fromhex(OLD.id), 1),
        "header alone": sealed[:8],
    }[change]
    with pytest.raises(CheckpointError, match="altered"):
        cipher.open(altered, PLACE, what="x")


@pytest.mark.parametrize(
    "stored", [b"planted", b"", b"cw2", None, "text", True, pytest.param(unbound(NEW, b"said")[1], id="unbound")]
)
def test_a_value_that_was_never_sealed_is_refused(stored: object) -> None:
    with pytest.raises(CheckpointError, match="not bound"):
        Cipher([NEW]).open(stored, PLACE, what="x")


def test_what_an_older_version_encrypted_is_read_by_a_conversion_alone() -> None:
    cipher = Cipher([NEW])
    name, stored = unbound(NEW, b"said")
    assert cipher.open_unbound(name, stored) == b"said"
    assert unbound_key(name) == NEW.id
    with pytest.raises(CheckpointError, match="altered"):
        cipher.open_unbound(name, stored[:-1] + bytes([stored[-1] ^ 1]))
    with pytest.raises(CheckpointError, match=OLD.id):
        cipher.open_unbound(f"aes256gcm-{OLD.id}", stored)
    # Nor is a value of this version one of the older version, whatever name it is given.
    with pytest.raises(CheckpointError):
        cipher.open_unbound(name, cipher.seal(b"said", PLACE)[7:])


@pytest.mark.parametrize("text", ["", "hunter2", "c2hvcnQ=", base64.b64encode(b"x" * 33).decode(), "ключ"])
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ciphers([text])
    assert not text or text not in str(caught.value)
    assert "openssl rand -base64 32" in caught.value.hint


def test_a_key_is_read_in_either_alphabet_and_shown_by_its_id_alone() -> None:
    key = Key(bytes(range(224, 256)))
    assert Key.read(f" {key.text}\n") == Key.read(base64.urlsafe_b64encode(key.secret).decode()) == key
    assert key.text not in repr(key)
    assert repr(ciphers([key.text])) == f"Cipher(['{key.id}'])"


def test_no_key_at_all_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no key"):
        ciphers([])
