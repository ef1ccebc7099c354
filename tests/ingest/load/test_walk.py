import os
import socket
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.retrieval import Document
from citeward.errors import NotFound, UnsupportedDocument
from citeward.ingest.load import Skipped, find, load, read
from citeward.ingest.load.regular_file import open_regular, parts_at_most, read_at_most
from citeward.settings import IndexSettings


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


def _reasons(path: Path, base: Path, **settings: bool) -> dict[str, str]:
    items = load(path, base=base, settings=IndexSettings(**settings))
    return {item.id: item.reason for item in items if isinstance(item, Skipped)}


def test_a_link_out_of_the_folder_is_refused_and_named_by_its_own_path(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/a.md": "x", "secret/key.md": "the secret", "elsewhere.md": "y"})
    (tmp_path / "docs" / "b.md").symlink_to(tmp_path / "secret" / "key.md")
    (tmp_path / "docs" / "c.md").symlink_to("../elsewhere.md")
    (tmp_path / "docs" / "d.md").symlink_to("c.md")
    assert _ids(tmp_path / "docs", tmp_path) == ["docs/a.md"]
    reasons = _reasons(tmp_path / "docs", tmp_path)
    assert set(reasons) == {"docs/b.md", "docs/c.md", "docs/d.md"}
    assert set(reasons.values()) == {"a link that leads out of the folder is not followed"}


def test_a_setting_lets_links_lead_out_and_they_are_indexed_under_their_own_path(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/a.md": "x", "elsewhere.md": "y"})
    (tmp_path / "docs" / "b.md").symlink_to(tmp_path / "elsewhere.md")
    items = load(tmp_path / "docs", base=tmp_path, settings=IndexSettings(outside_links=True))
    assert {item.id: item.text for item in items if isinstance(item, Document)} == {"docs/a.md": "x", "docs/b.md": "y"}


def test_a_link_within_the_folder_stands_for_its_file(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/hr/a.md": "x"})
    (tmp_path / "docs" / "b.md").symlink_to("hr/a.md")
    documents = list(load(tmp_path / "docs", base=tmp_path, access={"docs/hr/**": ["hr"]}))
    assert {(item.id, getattr(item, "groups", None)) for item in documents} == {("docs/hr/a.md", ("hr",))}


def test_links_to_themselves_and_to_nothing_stop_nothing(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/a.md": "x", "docs/z.md": "y"})
    folder = tmp_path / "docs"
    (folder / "b.md").symlink_to("b.md")
    (folder / "c.md").symlink_to("d.md")
    (folder / "d.md").symlink_to("c.md")
    (folder / "e.md").symlink_to("nowhere.md")
    (folder / "f").symlink_to("f")
    assert _ids(folder, tmp_path) == ["docs/a.md", "docs/z.md"]
    reasons = _reasons(folder, tmp_path)
    assert set(reasons) == {"docs/b.md", "docs/c.md", "docs/d.md", "docs/e.md", "docs/f"}
    assert all(reason.startswith("a link that leads nowhere") for reason in reasons.values())


@pytest.mark.parametrize("target", [".", "..", "/", "a/b"])
def test_a_link_to_a_folder_is_skipped_under_its_own_path(tmp_path: Path, target: str) -> None:
    _write(tmp_path, {"docs/a/b/c.md": "x"})
    (tmp_path / "docs" / "again").symlink_to(target)
    assert _ids(tmp_path / "docs", tmp_path) == ["docs/a/b/c.md"]
    assert _reasons(tmp_path / "docs", tmp_path) == {"docs/again": "a link to a folder is not followed"}


def test_a_path_that_is_a_link_itself_is_searched(tmp_path: Path) -> None:
    _write(tmp_path, {"real/a.md": "x"})
    (tmp_path / "docs").symlink_to("real")
    (tmp_path / "one.md").symlink_to("real/a.md")
    assert _ids(tmp_path / "docs", tmp_path) == _ids(tmp_path / "one.md", tmp_path) == ["real/a.md"]
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UnsupportedDocument, match="loop' cannot be read"):
        list(load(tmp_path / "loop"))


def test_a_file_that_was_replaced_by_a_link_since_it_was_found_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/a.md": "x", "docs/sub/b.md": "y", "secret/b.md": "the secret"})
    root = tmp_path / "docs"
    found = [path for path in find(root, base=tmp_path) if isinstance(path, Path)]
    (root / "a.md").unlink()
    (root / "a.md").symlink_to(tmp_path / "secret" / "b.md")
    (root / "sub" / "b.md").unlink()
    (root / "sub").rmdir()
    (root / "sub").symlink_to(tmp_path / "secret")
    items = [item for path in found for item in read(path, base=tmp_path, within=[root])]
    assert [getattr(item, "reason", "") for item in items] == ["a link is not followed there"] * 2


def test_a_file_that_was_replaced_by_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    (skipped,) = read(tmp_path / "a.md", base=tmp_path, within=[tmp_path])
    assert isinstance(skipped, Skipped) and skipped.reason == "not a regular file"


def test_a_socket_and_a_device_are_not_opened(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "a.md"))
        (tmp_path / "b.md").symlink_to("/dev/zero")
        items = load(tmp_path, base=tmp_path, settings=IndexSettings(outside_links=True))
        assert [getattr(item, "reason", "") for item in items] == ["not a regular file"] * 2


def test_a_file_that_may_not_be_read_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, {"a.md": "x", "b.md": "y"})
    opened = os.open

    def refusing(path: str | Path, *args: Any, **more: Any) -> int:
        if Path(path).name == "a.md":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **more)

    monkeypatch.setattr(os, "open", refusing)
    assert _reasons(tmp_path, tmp_path) == {"a.md": "cannot be read: Permission denied"}
    assert _ids(tmp_path, tmp_path) == ["b.md"]


def test_a_file_that_grows_while_it_is_read_meets_the_limit(tmp_path: Path) -> None:
    _write(tmp_path, {"a.md": "x" * 100})
    with open_regular(tmp_path / "a.md") as file:
        with (tmp_path / "a.md").open("a") as more:
            more.write("x" * 1000)
        with pytest.raises(UnsupportedDocument, match="larger than 1 kB"):
            read_at_most(file, 1000)
    with open_regular(tmp_path / "a.md") as file, pytest.raises(UnsupportedDocument, match="larger than 1 kB"):
        list(parts_at_most(file, 1000))


def test_folders_may_be_nested_deeper_than_python_calls(tmp_path: Path) -> None:
    _write(tmp_path, {"z.md": "x"})
    depth = 1500
    try:
        at = os.open(tmp_path, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir("d", dir_fd=at)
            below = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        os.close(at)
        assert _ids(tmp_path, tmp_path) == ["z.md"]
    finally:  # neither shutil nor pytest can
        for levels in range(depth, 0, -1):
            (tmp_path / "/".join("d" * levels)).rmdir()


def test_a_gitignore_that_cannot_be_read_leaves_its_folder_out(tmp_path: Path) -> None:
    _write(tmp_path, {"a.md": "x", "sub/b.md": "y", "many/c.md": "y", "many/.gitignore": "*a*a*a*a*a*a*b\n"})
    os.mkfifo(tmp_path / "sub" / ".gitignore")
    assert _ids(tmp_path, tmp_path) == ["a.md"]
    reasons = _reasons(tmp_path, tmp_path)
    assert set(reasons) == {"sub", "many"}
    assert "cannot be read: not a regular file" in reasons["sub"] and "too many wildcards" in reasons["many"]


def test_a_malformed_pattern_is_passed_over_as_git_does(tmp_path: Path) -> None:
    _write(tmp_path, {".gitignore": "!\n[z-a]\n\\\nb.md\n", "a.md": "x", "b.md": "y"})
    assert _ids(tmp_path, tmp_path) == ["a.md"]
