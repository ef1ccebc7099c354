import pytest

from citeward.ingest.load.plain import asciidoc, plain, restructured


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Guide\n=====\n\ntext", "Guide"),
        ("\n=======\n Guide \n=======\ntext", "Guide"),
        ("Guide\r\n-----\r\n", "Guide"),
        ("text\n\nGuide\n=====\n", ""),
        ("a\nb\n", ""),
    ],
)
def test_restructured_text_is_titled_by_the_heading_that_it_begins_with(text: str, title: str) -> None:
    assert (restructured(text.encode()).title, restructured(text.encode()).text) == (title, text)


def test_asciidoc_is_titled_by_its_first_line() -> None:
    assert asciidoc(b"= The manual\n:toc:\n").title == "The manual"
    assert asciidoc(b"text\n= later\n").title == ""


def test_plain_text_has_no_title_of_its_own() -> None:
    assert plain(b"---\ntitle: x\n---\n# y").title == ""
