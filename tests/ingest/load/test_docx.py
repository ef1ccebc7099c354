import io
import zipfile

import docx as word
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.errors import UnsupportedDocument
from citeward.ingest.load import Skipped
from citeward.ingest.load.docx import docx
from citeward.settings import LimitSettings

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def written(*, title: str = "") -> bytes:
    made = word.Document()
    made.core_properties.title = title
    made.add_heading("Holidays", 1)
    made.add_paragraph("Everyone has 28 days.")
    made.add_heading("Rules", 2)
    for item in ("ask first", "write it down"):
        made.add_paragraph(item, style="List Bullet")
    table = made.add_table(2, 2)
    for cell, text in zip(table._cells, ["Year", "Days", "2026", "28"], strict=True):
        cell.text = text
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def packed(body: str, **parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def test_headings_lists_and_tables_become_markdown() -> None:
    found = docx(written())
    assert found.title == "Holidays"
    assert found.text == (
        "# Holidays\n\nEveryone has 28 days.\n\n## Rules\n\n- ask first\n- write it down\n\n"
        "| Year | Days |\n| --- | --- |\n| 2026 | 28 |"
    )


def test_the_title_of_its_properties_counts_unless_a_program_made_it_up() -> None:
    assert docx(written(title="Leave policy")).title == "Leave policy"
    assert docx(written(title="Microsoft Word - x.doc")).title == "Holidays"


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(UnsupportedDocument, match="too large when unpacked"):
        docx(packed(f"<w:document {W}>" + " " * LimitSettings().part_bytes))


def test_entities_that_multiply_and_files_that_they_name_are_not_followed(reading, tmp_path) -> None:
    (tmp_path / "secret").write_text("the secret")
    nested = "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    laughing = f'<!DOCTYPE x [<!ENTITY a "ha">{nested}]><w:document {W}><w:body><w:p><w:r><w:t>&i;'
    (skipped,) = reading("a.docx", packed(laughing))
    assert isinstance(skipped, Skipped)
    naming = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]><w:document {W}><w:body><w:p><w:r><w:t>x&a;'
    naming += "</w:t></w:r></w:p></w:body></w:document>"
    (found,) = reading("b.docx", packed(naming))
    assert "secret" not in getattr(found, "text", "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04", "no Word document, or a broken one"),
        (b"plain", "no Word document, or a broken one"),
        (b"\xd0\xcf\x11\xe0rest", "protected by a password, or of an older kind"),
        (packed(f"<w:document {W}><w:body/></w:document>"), "no text"),
    ],
)
def test_what_is_no_document_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedDocument, match=reason):
        docx(content)


WHOLE = written()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=20))
def test_a_damaged_file_never_stops_the_rest(tmp_path_factory, at: int, damage: bytes) -> None:
    from citeward.ingest.load import read

    path = tmp_path_factory.getbasetemp() / "damaged.docx"
    path.write_bytes(WHOLE[:at] + damage + WHOLE[at + len(damage) :])
    (_,) = read(path, base=path.parent)
