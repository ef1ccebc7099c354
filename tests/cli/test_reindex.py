import json
import shutil
from pathlib import Path

import pytest

from citeward.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project whose store was filled without an embedder, and that wants one now."""
    for folder in ("agents", "prompts", "tools", "graphs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "citeward.toml").write_text("")
    (tmp_path / "docs").mkdir()
    for number in range(3):
        (tmp_path / "docs" / f"{number}.md").write_text(f"# Page {number}\n\nred fox {number}")
    with monkeypatch.context() as patched:
        patched.setenv("CITEWARD_EMBEDDER__KIND", "none")
        assert main(["index", "-p", str(tmp_path)]) == 0
    capsys.readouterr()
    return tmp_path


def _reindex(project: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["reindex", "-p", str(project), "--json", *arguments]) == 0
    told: dict[str, object] = json.loads(capsys.readouterr().out)
    return told


def test_the_whole_way_from_a_refusal_to_the_former_index_deleted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", "-p", str(project)]) == 2
    assert "run `citeward reindex`" in capsys.readouterr().err
    would = _reindex(project, capsys, "--dry-run", "--retire")
    assert "all-MiniLM-L6-v2 (384 dimensions)" in str(would["change"]) and would["retired"] == []
    did = _reindex(project, capsys)
    assert (did["report"]["written"], did["report"]["promoted"]) == (3, True)  # type: ignore[index]
    assert main(["index", "-p", str(project)]) == 0
    assert "0 added, 0 changed, 3 unchanged" in capsys.readouterr().out
    nothing = _reindex(project, capsys)
    assert (nothing["change"], nothing["report"]) == (None, None)
    assert len(_reindex(project, capsys, "--retire")["retired"]) == 1  # type: ignore[arg-type]
    assert _reindex(project, capsys, "--retire")["retired"] == []


def test_it_says_in_words_what_it_does(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reindex", "-p", str(project)]) == 0
    told = capsys.readouterr().out
    assert "the store was filled without an embedder" in told
    assert "3 of 3 documents embedded" in told and "citeward reindex --retire" in told
    assert main(["reindex", "-p", str(project)]) == 0
    assert "nothing to do: the index is that of all-MiniLM-L6-v2" in capsys.readouterr().out


def test_a_store_that_holds_nothing_has_nothing_to_do(tmp_path: Path, project: Path) -> None:
    shutil.rmtree(project / ".citeward")
    assert main(["reindex", "-p", str(project)]) == 0
