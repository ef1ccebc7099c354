"""What a checkpointer stores, in bytes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import CheckpointError, SettingsError
from citeward.graphs.encryption import Cipher, Key, encrypted_serializer
from citeward.graphs.state import checkpoint_serializer

OLD, NEW = Key(b"o" * 32), Key(b"n" * 32)


@given(st.binary(max_size=200))
def test_every_value_comes_back_and_is_never_written_twice_alike(value: bytes) -> None:
    cipher = Cipher([NEW])
    (name, first), (_, second) = cipher.encrypt(value), cipher.encrypt(value)
    assert first != second
    assert cipher.decrypt(name, first) == cipher.decrypt(name, second) == value


def test_nothing_of_a_state_is_in_its_bytes() -> None:
    serializer = encrypted_serializer(NEW)
    kind, stored = serializer.dumps_typed({"vault": {"<EMAIL_1>": "ada@example.com"}})
    assert kind == f"msgpack+aes256gcm-{NEW.id}"
    assert b"ada" not in stored
    assert b"EMAIL" not in stored
    assert serializer.loads_typed((kind, stored)) == {"vault": {"<EMAIL_1>": "ada@example.com"}}


def test_a_new_key_encrypts_and_the_old_one_still_decrypts() -> None:
    stored = encrypted_serializer(OLD).dumps_typed("said")
    both = encrypted_serializer(NEW, OLD)
    assert both.loads_typed(stored) == "said"
    assert both.dumps_typed("said")[0].endswith(NEW.id)


def test_a_value_of_an_unknown_key_names_the_key_and_the_way_out() -> None:
    stored = encrypted_serializer(OLD).dumps_typed("said")
    with pytest.raises(CheckpointError, match=OLD.id) as caught:
        encrypted_serializer(NEW).loads_typed(stored)
    assert "CITEWARD_STATE__KEY" in caught.value.hint


@pytest.mark.parametrize("change", ["flipped", "cut", "renamed"])
def test_a_value_that_was_altered_is_refused(change: str) -> None:
    cipher = Cipher([NEW, OLD])
    name, stored = cipher.encrypt(b"said")
    if change == "flipped":
        stored = stored[:-1] + bytes([stored[-1] ^ 1])
    elif change == "cut":
        stored = stored[:5]
    else:
        name = f"aes256gcm-{OLD.id}"
    with pytest.raises(CheckpointError, match="altered"):
        cipher.decrypt(name, stored)


def test_a_state_that_is_not_encrypted_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not encrypted"):
        encrypted_serializer(NEW).loads_typed(checkpoint_serializer().dumps_typed("planted"))


@pytest.mark.parametrize("text", ["", "hunter2", "c2hvcnQ=", base64.b64encode(b"x" * 33).decode(), "ключ"])
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        encrypted_serializer(text)
    assert not text or text not in str(caught.value)
    assert "openssl rand -base64 32" in caught.value.hint


def test_a_key_is_read_in_either_alphabet_and_shown_by_its_id_alone() -> None:
    key = Key(bytes(range(224, 256)))
    assert Key.read(f" {key.text}\n") == Key.read(base64.urlsafe_b64encode(key.secret).decode()) == key
    assert key.text not in repr(key)
    assert repr(Cipher([key])) == f"Cipher(['{key.id}'])"


def test_no_key_at_all_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no key"):
        encrypted_serializer()
