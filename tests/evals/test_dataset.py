from pathlib import Path

import pytest

from citeward.errors import DataError, ProjectError
from citeward.evals.dataset import Line, read_jsonl, sample, unique


class Pair(Line):
    id: str
    count: int = 0


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_lines_become_values_and_further_columns_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '\ufeff{"id": "a", "count": 2, "mine": []}\r\n\n{"id": 7}\n')
    assert read_jsonl(path, Pair) == [Pair(id="a", count=2), Pair(id="7")]


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"id": "a\u2028b\x85c"}\n')
    assert read_jsonl(path, Pair)[0].id == "a\u2028b\x85c"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": "x"', "not valid JSON"),
        ('{"count": 1}', "'id' is missing"),
        ('{"id": "x", "count": "many"}', "count = 'many'"),
        ("[1]", "the line"),
        ('{"id": "x", "count": "' + "y" * 500 + '"}', "..."),
    ],
)
def test_a_bad_line_is_named_with_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = write(tmp_path / "a.jsonl", '{"id": "a"}\n\n' + line)
    with pytest.raises(DataError, match=r"a\.jsonl:3: ") as caught:
        read_jsonl(path, Pair)
    assert words in caught.value.message
    assert caught.value.hint == "Each line is one JSON object {id, count?}."


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": "a"}\n{"id": "\xff"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: "):
        read_jsonl(path, Pair)


def test_a_missing_file_a_folder_and_an_empty_file_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path, write(tmp_path / "empty.jsonl", "\n \n")):
        with pytest.raises(DataError, match=str(path)):
            read_jsonl(path, Pair)


def test_a_project_file_raises_the_project_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"a\.jsonl:1"):
        read_jsonl(write(tmp_path / "a.jsonl", "{"), Pair, error=ProjectError)


def test_an_id_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    unique([Pair(id="a"), Pair(id="b")], tmp_path)
    with pytest.raises(DataError, match="'a' stands there twice"):
        unique([Pair(id="a"), Pair(id="a")], tmp_path)


def test_a_sample_keeps_the_order_and_the_seed_decides() -> None:
    drawn = sample(range(100), 10, 4)
    assert drawn == sorted(drawn) == sample(range(100), 10, 4) != sample(range(100), 10, 5)
    assert sample(range(3), None, 0) == sample(range(3), 9, 0) == [0, 1, 2]
