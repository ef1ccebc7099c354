import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.decode import markup_of, text_of

TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\ufeff"))


@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_a_byte_order_mark_says_how_to_read_a_text(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a\0b", "binary data"),
        ("caf\xe9".encode("latin-1"), "not UTF-8: byte 0xe9 at 3"),
        (b"\xff\xfea", "not UTF-16: byte 0x61 at 2"),
        ("a\0".encode("utf-16"), "binary data"),
    ],
)
def test_what_is_no_text_is_refused_and_never_guessed_at(content: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedDocument, match=reason):
        text_of(content)


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        (b"caf\xc3\xa9", None, "café"),
        (b"caf\xe9", None, "café"),
        (b"caf\xe9", "ISO-8859-1", "café"),
        (b"\x93x\x94", "latin1", "“x”"),
        (b'<meta charset="windows-1251">\xcf', None, '<meta charset="windows-1251">П'),
        (b"<meta http-equiv=x content='text/html; charset=koi8-r'>\xd0", None, None),
        (b'<?xml version="1.0" encoding="shift_jis"?>\x83e', None, '<?xml version="1.0" encoding="shift_jis"?>テ'),
        (b'<meta charset="utf-16">caf\xc3\xa9', None, '<meta charset="utf-16">café'),
        ("é".encode("utf-16"), "latin-1", "é"),
        (b"<meta charset=latin1>\xcf", "windows-1251", "<meta charset=latin1>П"),
        (b"caf\xc3\xa9", "punycode", "café"),
        (b"caf\xc3\xa9", "rot13", "café"),
        (b"caf\xc3\xa9", "no-such-thing", "café"),
    ],
)
def test_a_page_is_read_as_browsers_read_it(content: bytes, charset: str | None, text: str | None) -> None:
    assert markup_of(content, charset).endswith("п" if text is None else text)


@given(st.binary(), st.text() | st.none())
def test_a_page_of_any_bytes_has_characters(content: bytes, charset: str | None) -> None:
    markup_of(content, charset).encode()
