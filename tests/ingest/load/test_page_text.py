import pytest
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


@pytest.mark.parametrize(
    "line",
    [
        "{n}",
        "- {n} -",
        "Page {n} of 9",
        "Seite {n}",
        "стр. {n}",
        "第 {n} 页",
        "{n} ページ",
        "User Guide | {n}",
        "{n} • Acme",
        "Annual report, page {n}",
        "2026",
        "Version 1.2 of 3 May 2026",
    ],
)
def test_page_numbers_and_what_recurs_to_the_letter_are_left_out(line: str) -> None:
    pages = [[f"Text {x}", f"More {x}", line.format(n=n)] for n, x in enumerate("abcdef", 7)]
    assert without_running_lines(pages) == [page[:2] for page in pages]


def test_roman_page_numbers_are_left_out() -> None:
    pages = [[f"Text {x}", number] for x, number in zip("abcdef", "vi vii viii ix x xi".split(), strict=True)]
    assert without_running_lines(pages) == [page[:1] for page in pages]


@pytest.mark.parametrize(
    "row",
    [
        "Step {n}",
        "Part {n} costs {m} euros",
        "Chapter {n}",
        "Room {n}: {m} beds",
        "{m}",
        "{m} of 90",
        "Page {m} was scanned",
        "Section {m} / {n}",
        "§ {n}",
        "({m}) mix",
        "Шаг {n}",
        "第{n}步",
        "Schritt {n}.",
    ],
)
def test_rows_that_differ_in_a_number_are_kept(row: str) -> None:
    pages = [
        [row.format(n=n, m=n * 7 % 31), f"Text {x}", row.format(n=n, m=n * 5 % 29)] for n, x in enumerate("abcdef")
    ]
    assert without_running_lines(pages) == pages


def test_a_number_below_the_page_number_is_kept() -> None:
    pages = [[str(n), str(n * 7 + 3), f"text {n * n}"] for n in range(8)]
    assert without_running_lines(pages) == [page[1:] for page in pages]


@pytest.mark.fuzz
@given(
    st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=8), min_size=4, max_size=12),
    st.text("ab- ", min_size=1),
)
def test_no_row_with_a_number_of_its_own_is_lost(values: list[list[int]], words: str) -> None:
    numbers = iter(range(10_000))
    pages = [[f"x{words} {value} {next(numbers)} {words}x" for value in page] for page in values]
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
