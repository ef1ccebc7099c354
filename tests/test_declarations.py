from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from citeward.declarations import read_toml, read_yaml
from citeward.errors import ProjectError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = 1


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: Inner = Inner()
    many: list[Inner] = []


def _error(path: Path, text: str | bytes) -> ProjectError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProjectError) as caught:
        (read_toml if path.suffix == ".toml" else read_yaml)(path, Outer)
    return caught.value


def test_a_good_file_becomes_the_model(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: x\nmany:\n  - count: 2\n")
    assert read_yaml(tmp_path / "a.yaml", Outer) == Outer(name="x", many=[Inner(count=2)])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: x\ninner:\n  count: many\n", 3, "inner.count = 'many'"),
        ("name: x\nmany:\n  - count: 1\n  - count: few\n", 4, "many.1.count"),
        ("name: x\ninner:\n  cuont: 1\n", 3, "unknown field 'inner.cuont'"),
        ("inner:\n  count: 1\n", 1, "'name' is missing"),
        ("name: [x\n", 2, "not valid YAML"),
        ("- just\n- a list\n", 1, "expected a mapping"),
        ("", 1, "expected a mapping"),
    ],
)
def test_a_yaml_mistake_names_file_line_and_way_out(tmp_path: Path, text: str, line: int, words: str) -> None:
    error = _error(tmp_path / "a.yaml", text)
    assert words in error.message
    assert error.message.startswith(f"{tmp_path / 'a.yaml'}:{line}: ")
    assert error.hint


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('name = "x"\n[inner]\ncount = "many"\n', 3, "inner.count = 'many'"),
        ('name = "x"\ninner.count = "many"\n', 2, "inner.count = 'many'"),
        ('name = "x"\n[inner]\ncuont = 1\n', 3, "unknown field 'inner.cuont'"),
        ('name = "x\n', 1, "not valid TOML"),
    ],
)
def test_a_toml_mistake_names_file_line_and_way_out(tmp_path: Path, text: str, line: int, words: str) -> None:
    error = _error(tmp_path / "a.toml", text)
    assert words in error.message
    assert error.line == line


def test_an_unknown_field_is_told_the_known_ones(tmp_path: Path) -> None:
    assert "count" in _error(tmp_path / "a.yaml", "name: x\ninner:\n  cuont: 1\n").hint


def test_a_file_that_is_missing_or_no_utf8_is_a_project_error(tmp_path: Path) -> None:
    assert "cannot be read" in _error(tmp_path / "a.yaml", b"name: \xff").message
    with pytest.raises(ProjectError, match="no such file"):
        read_yaml(tmp_path / "none.yaml", Outer)
