from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citeward.retrieval.embedding.keep import DIGEST, STALE, cache_folder, keep

KILLED_WHILE_MAKING = """
import sys
from pathlib import Path
from citeward.retrieval.embedding.keep import keep

def make():
    print("making", flush=True)
    sys.stdin.read()

keep(Path(sys.argv[1]), make)
"""

KILLED_BEFORE_THE_RENAME = """
import os, sys
from pathlib import Path
from citeward.retrieval.embedding.keep import keep

def stand_still(descriptor):
    print("written", flush=True)
    sys.stdin.read()

os.fsync = stand_still
keep(Path(sys.argv[1]), lambda: b"broken" * 100_000)
"""

LIMITED = """
import resource, sys
from pathlib import Path
from citeward.retrieval.embedding.keep import keep

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    keep(Path(sys.argv[1]), lambda: b"x" * 100_000)
except OSError:
    print("full", *Path(sys.argv[1]).parent.iterdir())
"""


def fail() -> bytes:
    raise AssertionError("made again")


def test_what_was_made_once_is_read_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "thing"
    assert keep(path, lambda: b"content") == b"content"
    assert keep(path, fail) == b"content"
    assert [item.name for item in path.parent.iterdir()] == ["thing"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: b"",
        lambda stored: stored[: DIGEST - 1],
        lambda stored: stored[:-1],
        lambda stored: stored + b"\0",
        lambda stored: stored[:-1] + b"\0",
        lambda stored: b"\0" + stored[1:],
    ],
    ids=["empty", "digest cut", "cut", "longer", "content altered", "digest altered"],
)
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage) -> None:
    path = tmp_path / "thing"
    keep(path, lambda: b"content")
    path.write_bytes(damage(path.read_bytes()))
    assert keep(path, lambda: b"content") == b"content"
    assert keep(path, fail) == b"content"


def test_a_maker_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="made again"):
        keep(tmp_path / "thing", fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", [KILLED_WHILE_MAKING, KILLED_BEFORE_THE_RENAME], ids=["making", "written"])
def test_a_killed_maker_leaves_no_file_under_the_name(tmp_path: Path, script: str) -> None:
    path = tmp_path / "thing"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline().strip() in ("making", "written")
        maker.kill()
    (stray,) = tmp_path.iterdir()
    assert stray != path
    assert keep(path, lambda: b"whole") == b"whole"
    assert stray.exists()  # its maker may yet live, for all that anyone knows

    long_ago = time.time() - STALE - 1
    os.utime(stray, (long_ago, long_ago))
    assert keep(path, fail) == b"whole"
    assert not stray.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="limits on a file's size are a thing of POSIX")
def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "thing")], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["full"]


def test_a_folder_that_cannot_be_made_is_found_out_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        keep(tmp_path / "file" / "thing", fail)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the XDG folders are Linux's")
def test_the_cache_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "citeward"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert cache_folder() == tmp_path / ".cache" / "citeward"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere" / "citeward"
    assert list(tmp_path.iterdir()) == []
