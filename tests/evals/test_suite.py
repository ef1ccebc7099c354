import json
from pathlib import Path

import pytest

from citeward.contracts.evaluation import Case
from citeward.errors import ProjectError
from citeward.evals.suite import load_suite

SUITE = """\
name: docs
agent: assistant
cases: golden/docs.jsonl
scorers: [outcome, contains]
gate:
  passed: 0.9
"""


def write(folder: Path, suite: str = SUITE, *cases: object) -> Path:
    (folder / "golden").mkdir(exist_ok=True)
    lines = cases or ({"id": "a", "question": "Why?", "contains": ["because"], "tags": ["first"]},)
    (folder / "golden" / "docs.jsonl").write_text("".join(json.dumps(case) + "\n" for case in lines))
    path = folder / "docs.yaml"
    path.write_text(suite)
    return path


def test_a_suite_and_its_cases_are_read(tmp_path: Path) -> None:
    loaded = load_suite(write(tmp_path))
    assert loaded.suite.agent == "assistant"
    assert loaded.cases == (Case(id="a", question="Why?", contains=("because",), tags=("first",)),)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("gate:", "gaet:", 5, "gaet"),
        ("[outcome, contains]", "[outcome, vibes]", 4, "vibes"),
        ("passed: 0.9", "quotes: 1.0", 5, "the gate names 'quotes'"),
        ("passed: 0.9", "passed: 9", 5, "not between 0 and 1"),
        ("name: docs", "name: [", 3, "YAML"),
    ],
)
def test_a_wrong_suite_is_named_by_file_and_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(ProjectError, match=words) as caught:
        load_suite(write(tmp_path, SUITE.replace(old, new)))
    assert caught.value.path == str(tmp_path / "docs.yaml")
    assert caught.value.line == line
    assert caught.value.hint


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"id": "b", "question": "?", "contain": ["x"]}, "contain"),
        ({"id": "b"}, "'question' is missing"),
        ({"id": "b", "question": "?", "outcome": "maybe"}, "maybe"),
    ],
)
def test_a_wrong_case_is_named_by_file_and_line(tmp_path: Path, case: object, words: str) -> None:
    with pytest.raises(ProjectError, match=words) as caught:
        load_suite(write(tmp_path, SUITE, {"id": "a", "question": "?"}, case))
    assert (Path(caught.value.path).name, caught.value.line) == ("docs.jsonl", 2)


def test_a_missing_file_of_cases_and_an_id_twice_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"none\.jsonl"):
        load_suite(write(tmp_path, SUITE.replace("docs.jsonl", "none.jsonl")))
    with pytest.raises(ProjectError, match="'a' stands there twice"):
        load_suite(write(tmp_path, SUITE, {"id": "a", "question": "?"}, {"id": "a", "question": "!"}))
