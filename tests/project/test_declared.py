import shutil
import sys
from pathlib import Path

import pytest

from citeward.errors import InvalidInput, NotFound, ProjectError
from citeward.project.declared import find_project, read_project
from citeward.project.starter import init_project, starter


@pytest.fixture
def root(tmp_path: Path) -> Path:
    init_project(tmp_path / "app")
    return tmp_path / "app"


def test_the_starter_project_is_whole(repository: Path) -> None:
    project = read_project(repository)
    assert project.agent().name == project.settings.default_agent
    assert "convert" in project.tools
    assert set(project.graphs) == {"chat"}
    assert starter() == repository


def test_reading_a_project_imports_none_of_its_folders_by_name(root: Path) -> None:
    before = set(sys.modules)
    read_project(root)
    assert not {"tools", "agents", "graphs", "prompts", "evals", "units"} & (set(sys.modules) - before)


def test_a_project_is_found_from_a_folder_below_it(root: Path, tmp_path: Path) -> None:
    (root / "docs" / "deep").mkdir()
    assert find_project(root / "docs" / "deep") == root.resolve()
    with pytest.raises(NotFound, match=r"no citeward\.toml"):
        find_project(Path(tmp_path.anchor))


def test_an_agent_that_is_not_there_is_named_with_those_that_are(root: Path) -> None:
    with pytest.raises(NotFound) as caught:
        read_project(root).agent("nobody")
    assert "assistant, support" in caught.value.hint


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "words"),
    [
        (
            "citeward.toml",
            'default_agent = "assistant"',
            'default_agent = "x"',
            "citeward.toml",
            "default_agent is 'x'",
        ),
        ("citeward.toml", "port = 8000", "port = 800000", "citeward.toml:40", "server.port = 800000"),
        ("agents/assistant.yaml", "prompt: answer", "prompt: lost", "agents/assistant.yaml:3", "no prompt 'lost'"),
        (
            "agents/support.yaml",
            "name: support",
            "name: support\ngraph: tree",
            "agents/support.yaml:2",
            "no graph 'tree'",
        ),
        (
            "agents/support.yaml",
            "name: support",
            "name: support\ntiers: [huge]",
            "support.yaml:2",
            "no model tier 'huge'",
        ),
        ("prompts/answer.yaml", "variables: [passages]", "variables: []", "prompts/answer.yaml", "'passages' is used"),
        ("tools/units.py", "from citeward import tool", "from citeward import tol", "tools/units.py:8", "ImportError"),
        ("graphs/chat.py", "def build(", "def construct(", "graphs/chat.py", "no function `build(services)`"),
    ],
)
def test_a_mistake_in_any_folder_names_its_place(
    root: Path, file: str, old: str, new: str, place: str, words: str
) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        read_project(root)
    assert place in caught.value.message
    assert words in caught.value.message
    assert caught.value.hint


def test_init_writes_nothing_where_anything_of_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "app" / "prompts").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="is there already"):
        init_project(tmp_path / "app")
    assert sorted(path.name for path in (tmp_path / "app").iterdir()) == ["prompts"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        init_project(tmp_path / "file")


def test_a_copy_can_be_moved(root: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(root, moved)
    assert read_project(moved).root == moved
