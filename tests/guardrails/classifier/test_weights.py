from dataclasses import replace

import numpy as np
import pytest

from citeward.errors import ProjectError
from citeward.guardrails.classifier.surface import SIZE
from citeward.guardrails.classifier.weights import FOLDER, Linear, Weights, read_weights, write_weights


def linear(width, *, seed):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float16).astype(np.float32)  # noqa: E731
    return Linear(bias=draw(2), hints=draw(1, 2), surface=draw(SIZE, 2), vector=draw(width, 2))


WEIGHTS = Weights(
    name="test-1",
    heads=("a", "b"),
    hints=("hint",),
    embedder="hash",
    surface=linear(0, seed=1),
    full=linear(8, seed=2),
    clear=(0.1, 0.2),
    provenance={"seed": 1},
)


def test_what_was_written_is_read(tmp_path):
    write_weights(tmp_path / "w.npz", WEIGHTS)
    read = read_weights(tmp_path / "w.npz")
    assert (read.name, read.heads, read.hints, read.embedder, read.clear) == (
        "test-1",
        ("a", "b"),
        ("hint",),
        "hash",
        (0.1, 0.2),
    )
    assert np.array_equal(read.full.surface, WEIGHTS.full.surface)
    assert np.array_equal(read.surface.vector, WEIGHTS.surface.vector)


def test_the_same_weights_give_the_same_bytes(tmp_path):
    write_weights(tmp_path / "a.npz", WEIGHTS)
    write_weights(tmp_path / "b.npz", WEIGHTS)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "w.npz").write_bytes(b"no weights")
    with pytest.raises(ProjectError, match=r"w\.npz: holds no weights"):
        read_weights(tmp_path / "w.npz")
    with pytest.raises(ProjectError, match=r"gone\.npz"):
        read_weights(tmp_path / "gone.npz")


def test_weights_of_other_shapes_are_refused(tmp_path):
    short = replace(WEIGHTS.full, surface=WEIGHTS.full.surface[:-1])
    write_weights(tmp_path / "w.npz", replace(WEIGHTS, full=short))
    with pytest.raises(ProjectError, match="other shapes"):
        read_weights(tmp_path / "w.npz")


def test_numbers_that_are_none_are_refused(tmp_path):
    bias = np.array([np.nan, 0], np.float32)
    write_weights(tmp_path / "w.npz", replace(WEIGHTS, full=replace(WEIGHTS.full, bias=bias)))
    with pytest.raises(ProjectError, match="not numbers"):
        read_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("name", ["injection", "toxicity"])
def test_those_that_ship_are_small_and_come_with_a_card(name):
    path = FOLDER / f"{name}.npz"
    read_weights(path)
    assert path.stat().st_size <= 200_000
    assert (FOLDER / f"{name}.md").read_text(encoding="utf-8").startswith("# ")
