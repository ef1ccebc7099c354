from hypothesis import given
from hypothesis import strategies as st

from citeward.ingest.load.page_text import joined_words, without_running_lines

LINES = st.lists(st.lists(st.text("ab1 ", min_size=1, max_size=4), max_size=5), max_size=12)


def test_left_and_right_pages_may_have_a_line_each() -> None:
    pages = [[("Book" if n % 2 else "Chapter"), f"text {chr(97 + n)}"] for n in range(8)]
    assert without_running_lines(pages) == [[f"text {chr(97 + n)}"] for n in range(8)]


def test_a_line_in_the_middle_stays_however_often_it_recurs() -> None:
    page = [["a"], ["b"], ["c"], ["d"]]
    pages = [[f"{x[0]} top", f"{x[0]} two", "same", f"{x[0]} but", f"{x[0]} end"] for x in page]
    assert without_running_lines(pages) == pages


def test_a_few_pages_are_left_alone() -> None:
    pages = [["Title", "x"], ["Title", "y"], ["Title", "z"]]
    assert without_running_lines(pages) == pages


@given(LINES)
def test_only_edge_lines_are_ever_left_out(pages: list[list[str]]) -> None:
    for before, after in zip(pages, without_running_lines(pages), strict=True):
        assert len(before) - len(after) <= 4
        assert any(before[n : n + len(after)] == after for n in range(len(before) + 1))


def test_words_are_joined_as_the_document_writes_them() -> None:
    assert joined_words(
        ["docu\ufffement", "well\ufffeknown, well-known", "day-to\ufffeday", "Jean\ufffePaul", "3\ufffe4"]
    ) == [
        "document",
        "well-known, well-known",
        "day-to-day",
        "Jean-Paul",
        "3-4",
    ]
