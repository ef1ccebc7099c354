import sys
from pathlib import Path

import pytest

from citeward.errors import ProjectError
from citeward.project.python import load_module


def test_a_file_is_loaded_under_a_private_name(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "math.py").write_text("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n")
    module = load_module(tmp_path / "tools" / "math.py")
    assert module.A(x=1).x == 1
    assert module.__name__.startswith("citeward_project_")
    assert "tools" not in sys.modules
    assert not any(entry == str(tmp_path) for entry in sys.path)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\ndef broken(:\n", 2, "not valid Python"),
        ("x = 1\n\nimport no_such_module_here\n", 3, "ModuleNotFoundError"),
        ("def f():\n    raise ValueError('bad')\nf()\n", 2, "ValueError: bad"),
    ],
)
def test_a_file_that_cannot_run_names_the_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    before = set(sys.modules)
    with pytest.raises(ProjectError) as caught:
        load_module(path)
    assert (caught.value.line, words in caught.value.message) == (line, True)
    assert not {name for name in set(sys.modules) - before if name.startswith("citeward_project_")}


def test_an_edit_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    assert load_module(path).x == 1
    path.write_text("x = 22")
    assert load_module(path).x == 22
