from citeward.ingest.load.html import html


def test_a_table_keeps_its_rows_and_columns() -> None:
    page = "<table><caption>Sizes</caption><tr><th>Name<th>Size<tr><td>a|b<td>1<br>2</table>"
    assert html(page.encode()).text == "Sizes\n\n| Name | Size |\n| --- | --- |\n| a\\|b | 1 2 |"


def test_a_cell_that_spans_rows_stands_in_each_of_them() -> None:
    page = "<table><tr><th>A<th>B<th>C<tr><td rowspan=2>x<td>1<td>2<tr><td colspan=2>3</table>"
    assert html(page.encode()).text.splitlines()[2:] == ["| x | 1 | 2 |", "| x | 3 |  |"]


def test_a_table_that_only_lays_out_the_page_is_its_text() -> None:
    page = "<table><tr><td><h1>Title</h1><p>Text.</p></td><td>Side</td></tr></table>"
    assert html(page.encode()).text == "# Title\n\nText.\n\nSide"


def test_spans_without_measure_make_no_table_without_end() -> None:
    page = "<table>" + "<tr><td rowspan=99999999 colspan=1000>x<td>y" * 100 + "</table>"
    assert len(html(page.encode()).text) < 100_000
