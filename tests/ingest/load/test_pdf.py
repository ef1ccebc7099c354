import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.pdf import pdf, sensible_title


def printed(*pages: list[str], title: str = "", password: str = "") -> bytes:
    """A PDF with the lines of each page."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for lines in pages:
        page = writer.add_blank_page(595, 842)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F"): font})}
        )
        drawn = DecodedStreamObject()
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
        drawn.set_data(f"BT /F 11 Tf 72 770 Td {shown}ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(drawn)
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_pages_are_parted_by_form_feeds_and_counted() -> None:
    found = pdf(printed(["One.", "Two."], [], ["Three."], title="The Book"))
    assert found.text == "One.\nTwo.\f\fThree."
    assert (found.title, dict(found.meta)) == ("The Book", {"pages": 3})


def test_lines_that_head_and_foot_the_pages_are_left_out() -> None:
    pages = [["The Book", f"Text of page {word}.", f"Page {n} of 5"] for n, word in enumerate("abcde", 1)]
    assert pdf(printed(*pages)).text == "\f".join(f"Text of page {word}." for word in "abcde")


def test_a_word_that_a_line_parts_is_joined() -> None:
    text = pdf(printed(["a long docu-", "ment with a well-", "known name, well-known"])).text
    assert "document" in text and text.count("well-known") == 2


def test_a_page_without_text_may_be_scanned() -> None:
    with pytest.raises(UnsupportedDocument, match="no text; it may be scanned"):
        pdf(printed([], []))


def test_a_protected_file_is_refused_and_one_that_may_only_not_be_changed_is_read() -> None:
    with pytest.raises(UnsupportedDocument, match="protected by a password"):
        pdf(printed(["Secret."], password="x"))


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"%PDF-1.7\nnonsense\n%%EOF", b"plain"])
def test_a_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedDocument, match="no PDF, or a broken one"):
        pdf(content)


@settings(deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=40))
def test_a_damaged_file_is_read_or_refused(at: int, damage: bytes) -> None:
    content = bytearray(WHOLE)
    content[at : at + len(damage)] = damage
    try:
        found = pdf(bytes(content))
    except UnsupportedDocument:
        return
    assert found.text.strip("\f")


WHOLE = printed(["Some text."], ["More of it."], title="Title")


@pytest.mark.parametrize(
    "title", ["", "  ", "untitled", "Microsoft Word - draft.doc", r"C:\wp\MT.wpd", "paper.dvi", "12-3", "Document1"]
)
def test_what_a_program_made_up_is_no_title(title: str) -> None:
    assert sensible_title(title) == ""


def test_a_title_is_a_title() -> None:
    assert sensible_title(" Working with Word \0") == "Working with Word"
