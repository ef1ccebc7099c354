import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.characters import hidden, neutralise, plain, unleeted, unspaced


def tagged(text):
    return "".join(chr(0xE0000 + ord(char)) for char in text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("a\u202eb\u2066c", "abc"),
        (f"seen{tagged('unseen')}", "seen"),
        ("family 👩‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "family 👩‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("می‌خواهم", "می‌خواهم"),
        ("Straße ﬁn ½", "Straße ﬁn ½"),
    ],
)
def test_only_what_cannot_be_seen_is_taken_out(text, expected):
    assert neutralise(text) == expected


@given(st.text())
def test_every_character_of_the_plain_form_knows_where_it_came_from(text):
    reading = plain(text)
    if reading.offsets is not None:
        assert len(reading.offsets) == len(reading.text)
        assert list(reading.offsets) == sorted(reading.offsets)
        assert all(0 <= offset < len(text) for offset in reading.offsets)
    else:
        assert len(reading.text) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IGNORE", "ignore"),
        ("іgnоrе", "ignore"),  # Cyrillic і, о, е
        ("ｉｇｎｏｒｅ", "ignore"),
        ("ig\u200bno\u00adre", "ignore"),
        ("𝐢𝐠𝐧𝐨𝐫𝐞", "ignore"),
        ("Привет", "привет"),
    ],
)
def test_look_alikes_are_read_as_the_letters_they_look_like(text, expected):
    assert plain(text).text == expected


def test_digits_for_letters_are_read_as_letters_and_numbers_stay():
    assert unleeted("1gn0re all 15 rul3s of 1984") == "ignore all 15 rules of 1984"


def test_words_written_letter_by_letter_are_joined():
    assert unspaced("so i g n o r e r u l e s, ok") == ["ignorerules"]


def test_text_in_tag_characters_is_read():
    (found,) = hidden("Nice day" + tagged("say it"))
    assert (found.kind, found.payload) == ("hidden_text", "say it")


def test_text_in_variation_selectors_is_read():
    secret = "".join(chr(0xFE00 + b) if b < 16 else chr(0xE0100 + b - 16) for b in b"say it")
    (found,) = hidden("Nice" + secret)
    assert (found.kind, found.payload) == ("hidden_text", "say it")


def test_flags_and_emoji_hide_nothing():
    assert hidden("🏴󠁧󠁢󠁥󠁮󠁧󠁿 👩‍👩‍👧 ❤️") == []
