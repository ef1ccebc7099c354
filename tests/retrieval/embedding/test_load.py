from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from citeward.errors import ModelUnavailable
from citeward.retrieval.embedding import files, load
from citeward.retrieval.embedding.load import Graph
from citeward.retrieval.embedding.session import Session
from citeward.testing.logs import captured_logs

LOAD_WHEN_TOLD = """
import sys
from pathlib import Path
from citeward.retrieval.embedding.load import load

print("ready", flush=True)
sys.stdin.readline()
loaded = load(Path(sys.argv[1]))
print(loaded.graph, loaded.path)
"""


def start(cache_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", LOAD_WHEN_TOLD, str(cache_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_build_at_once_end_with_one_whole_file(tmp_path: Path) -> None:
    with start(tmp_path) as first, start(tmp_path) as second:
        for process in (first, second):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        outputs = []
        for process in (first, second):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in (first, second):
            outputs.append(process.communicate())  # noqa: PERF401  (both run meanwhile)
    (path,) = tmp_path.iterdir()
    assert outputs == [(f"fast {path}\n", "")] * 2
    written = path.stat().st_mtime_ns
    assert load.load(tmp_path).graph is Graph.FAST
    assert path.stat().st_mtime_ns == written


def test_the_files_name_tells_what_it_was_made_from_and_for(cache_dir: Path) -> None:
    import onnxruntime

    path = load.load(cache_dir).path
    assert path is not None
    assert path.name.startswith(f"minilm-{files.MODEL.sha256[:12]}-recipe{load.RECIPE}-ort{onnxruntime.__version__}-")


def test_a_damaged_graph_is_built_anew(tmp_path: Path) -> None:
    path = load.load(tmp_path).path
    assert path is not None
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    loaded = load.load(tmp_path)
    assert (loaded.graph, loaded.path, path.read_bytes() == whole) == (Graph.FAST, path, True)


def test_a_cache_that_cannot_be_written_means_the_shipped_graph_said_aloud(tmp_path: Path, shipped: Session) -> None:
    (tmp_path / "file").write_text("in the way")
    with captured_logs() as logs:
        loaded = load.load(tmp_path / "file")
    assert loaded.graph is Graph.SHIPPED
    assert "cannot be kept" in loaded.notice
    assert "hint:" in loaded.notice
    assert [(log["event"], log["log_level"], log["reason"]) for log in logs] == [
        ("embedding.shipped_graph", "warning", loaded.notice)
    ]
    np.testing.assert_array_equal(loaded.session.vector("hello"), shipped.vector("hello"))


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "is off on this processor"), (b"no graph", "does not run on this onnxruntime")]
)
def test_a_graph_that_fails_its_check_is_neither_kept_nor_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, reason: str
) -> None:
    rewrite = load.rewrite

    def damaged(shipped: bytes, *, unsigned: bool) -> bytes:
        if content is not None:
            return content
        import onnx
        from onnx import numpy_helper

        model = onnx.load_model_from_string(rewrite(shipped, unsigned=unsigned))
        for tensor in model.graph.initializer:
            if tensor.name.endswith("dense.scale"):
                tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[::-1].copy(), tensor.name))
        return bytes(model.SerializeToString())

    monkeypatch.setattr(load, "rewrite", damaged)
    loaded = load.load(tmp_path)
    assert loaded.graph is Graph.SHIPPED
    assert reason in loaded.notice
    assert list(tmp_path.iterdir()) == []


def test_an_altered_model_is_refused_although_a_graph_is_kept(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load.load(cache_dir)
    path = tmp_path / files.MODEL.package / files.MODEL.path
    path.parent.mkdir()
    (path.parent / "__init__.py").touch()
    path.write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match="altered"):
        load.load(cache_dir)
