import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PEER = """
import sys
sys.path.insert(0, {folder!r})
from retrieval_peer import System, run

def build(task):
    {first}
    def search(question, vector):
        scores = task.passages.vectors @ vector
        return [task.passages.ids[place] for place in (-scores).argsort()[: task.depth]]
    made = {{name: System(about="scan", search=search, build=0.5) for name in ("scan", "other")}}
    return {{name: system for name, system in made.items() if not task.only or name in task.only}}

run("Made up", ("numpy",), build)
"""


@pytest.fixture
def peers(load: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CITEWARD_BENCH_PYTHON", sys.executable)
    return load("peers")


@pytest.fixture
def folder(load: Callable[[str], Any], tmp_path: Path) -> Path:
    """A corpus of three passages and two questions."""
    corpus = load("corpus")
    made = corpus.Corpus(
        documents={"a#0": "a", "a#1": "a", "b#0": "b"},
        texts=["one", "two", "three"],
        vectors=np.eye(3, dtype=np.float32),
        questions=["what is two?", "what is three?"],
        question_vectors=np.array([[0.6, 0.8, 0], [0, 0.6, 0.8]], np.float32),
    )
    path: Path = corpus.write_corpus(made, tmp_path / "corpus")
    return path


def script(peers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str = "pass") -> None:
    path = tmp_path / "retrieval_peer_scan.py"
    path.write_text(PEER.format(folder=str(peers.FOLDER), first=first))
    monkeypatch.setattr(peers, "SCRIPTS", (str(path),))


def test_a_peer_searches_the_same_vectors(
    peers: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(peers, tmp_path, monkeypatch)
    (peer,) = peers.run_peers(folder, depth=2)
    assert peer.title == f"Made up (numpy {np.__version__})"
    assert list(peer.systems) == ["scan", "other"]
    assert peer.systems["scan"].rankings == [["a#1", "a#0"], ["b#0", "a#1"]]
    assert len(peer.systems["scan"].seconds) == 2


def test_systems_time_and_passages_can_be_limited(
    peers: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(peers, tmp_path, monkeypatch)
    (peer,) = peers.run_peers(folder, depth=2, systems=["scan:scan", "else:where"], seconds=0.0, limit=2)
    assert list(peer.systems) == ["scan"]
    assert peer.systems["scan"].rankings == [["a#1", "a#0"]]
    assert peers.run_peers(folder, depth=2, systems=["else:where"]) == []


@pytest.mark.parametrize(
    ("first", "reason"),
    [("import no_such_package", "No module named 'no_such_package'"), ("1 / 0", "ZeroDivisionError")],
)
def test_a_peer_that_cannot_run_is_skipped_aloud(
    peers: Any,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    first: str,
    reason: str,
) -> None:
    script(peers, tmp_path, monkeypatch, first)
    assert peers.run_peers(folder, depth=2) == []
    said = capsys.readouterr().out
    assert "scan skipped" in said
    assert reason in said


def test_a_python_that_is_not_there_is_skipped_aloud(
    peers: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script(peers, tmp_path, monkeypatch)
    monkeypatch.setenv("CITEWARD_BENCH_PYTHON", str(tmp_path / "nowhere"))
    assert peers.run_peers(folder, depth=2) == []
    assert "cannot be run" in capsys.readouterr().out
