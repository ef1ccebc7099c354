"""`citeward threads` on a project that was talked with."""

import json
from pathlib import Path

import pytest

from citeward.cli import main
from citeward.graphs.encryption import Key


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("threads") / "app"
    assert main(["init", str(root)]) == 0
    for path in (root / "docs").iterdir():
        path.unlink()
    (root / "docs" / "ports.md").write_text("# Ports\n\nThe harbour master opens the port of Lund at seven o'clock.\n")
    assert main(["index", "-p", str(root)]) == 0
    assert (
        main(
            [
                "ask",
                "When does the harbour master open the port of Lund? Tell ada@example.com.",
                "-t",
                "a",
                "-p",
                str(root),
            ]
        )
        == 0
    )
    return root


def test_threads_are_listed_shown_and_forgotten(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["-p", str(app)]
    capsys.readouterr()
    assert main(["threads", "list", "--json", *place]) == 0
    assert [row["thread"] for row in json.loads(capsys.readouterr().out)] == ["a"]
    assert main(["threads", "list", *place]) == 0
    assert "last used" in capsys.readouterr().out
    assert main(["threads", "show", "a", "--json", *place]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["by"] for one in told] == ["user", "agent"]
    assert "ada@example.com" in told[0]["text"]
    assert main(["threads", "show", "a", *place]) == 0
    assert "user › When does" in capsys.readouterr().out
    assert main(["threads", "show", "a", "-a", "support", *place]) == 2
    assert main(["threads", "forget", "a", *place]) == 0
    assert main(["threads", "forget", "a", *place]) == 2
    assert main(["threads", "show", "a", *place]) == 2
    assert "citeward threads list" in capsys.readouterr().err


def test_threads_are_encrypted_anew_with_a_new_key(
    app: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ["-p", str(app)]
    assert main(["ask", "When does the port of Lund open?", "-t", "b", *place]) == 0
    monkeypatch.setenv("CITEWARD_STATE__KEY", Key.new().text)
    capsys.readouterr()
    assert main(["threads", "rekey", *place]) == 0
    assert "encrypted anew" in capsys.readouterr().out
    (app / ".citeward" / "threads.sqlite.key").unlink()
    assert main(["threads", "show", "b", *place]) == 0
    monkeypatch.setenv("CITEWARD_STATE__KEY", Key.new().text)
    assert main(["threads", "show", "b", *place]) == 1
    assert "CITEWARD_STATE__KEY" in capsys.readouterr().err
