import os
from pathlib import Path

import pytest

from citeward.contracts.retrieval import Document
from citeward.errors import NotFound, UnsupportedDocument
from citeward.ingest.load import Skipped, find, load


def _write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def _ids(path: Path, base: Path) -> list[str]:
    return [item.id for item in load(path, base=base) if isinstance(item, Document)]


def test_hidden_files_packages_and_what_gitignore_names_are_passed_over(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            ".gitignore": "build/\n*.tmp.md\n",
            "a.md": "x",
            "b.tmp.md": "x",
            "build/c.md": "x",
            ".hidden/d.md": "x",
            "node_modules/e.md": "x",
            "sub/.gitignore": "/only.md\n",
            "sub/only.md": "x",
            "sub/deep/only.md": "x",
        },
    )
    assert _ids(tmp_path, tmp_path) == ["a.md", "sub/deep/only.md"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/a.md": "x"})
    (tmp_path / "docs" / "again").symlink_to(tmp_path / "docs")
    assert _ids(tmp_path / "docs", tmp_path) == ["docs/a.md"]


def test_a_single_file_that_no_loader_reads_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"a.bin": b"a\0b"})
    with pytest.raises(UnsupportedDocument, match=r"no loader reads \.bin"):
        list(load(tmp_path / "a.bin"))


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        list(load(tmp_path / "nowhere"))


def _shut(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Makes a folder unreadable even for root, who may read everything."""
    scandir = os.scandir

    def refusing(path: str | Path) -> object:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)


def test_an_unreadable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shut").mkdir()
    _shut(monkeypatch, "shut")
    with pytest.raises(UnsupportedDocument, match=r"shut' cannot be read: Permission denied"):
        list(load(tmp_path / "shut"))


def test_an_unreadable_folder_below_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, {"a.md": "x", "shut/b.md": "x", "z.md": "x"})
    _shut(monkeypatch, "shut")
    assert _ids(tmp_path, tmp_path) == ["a.md", "z.md"]
    (skipped,) = [item for item in load(tmp_path, base=tmp_path) if isinstance(item, Skipped)]
    assert (skipped.id, skipped.reason) == ("shut", "the folder cannot be read: Permission denied")


def test_a_single_file_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, {"a.md": "x"})
    opened = Path.open

    def refusing(path: Path, *args: object, **more: object) -> object:
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(UnsupportedDocument, match=r"a\.md' cannot be read: Permission denied"):
        list(load(tmp_path / "a.md"))


def test_a_single_file_is_not_read_to_be_found(tmp_path: Path) -> None:
    _write(tmp_path, {"a.pdf": "no PDF"})
    assert list(find(tmp_path / "a.pdf", base=tmp_path)) == [tmp_path / "a.pdf"]
