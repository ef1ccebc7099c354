"""The file of a fitted threshold."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from citeward.cache.fitted import Counts, FittedThreshold, read_fitted, to_dict
from citeward.errors import ProjectError

FITTED = FittedThreshold(
    embedder="e",
    threshold=0.9,
    error_bound=0.02,
    learned=Counts(hits=200, false_hits=0, bound=0.015),
    held_out=Counts(hits=100, false_hits=2, bound=0.06),
)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(json.dumps(to_dict(FITTED)))
    assert read_fitted(path) == FITTED


def test_it_is_borne_out_where_no_more_held_out_hits_are_wrong_than_the_bound_allows() -> None:
    assert FITTED.borne_out
    assert not replace(FITTED, held_out=Counts(hits=100, false_hits=3, bound=0.08)).borne_out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{}", "embedder"),
        (json.dumps({**to_dict(FITTED), "threshold": 1.5}), "threshold"),
        (json.dumps({**to_dict(FITTED), "format": "citeward-router"}), "format"),
        ("no JSON", "is no fitted threshold"),
    ],
)
def test_another_file_is_refused_with_the_way_out(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "cache.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ProjectError, match=said) as raised:
        read_fitted(path)
    assert "citeward cache fit" in raised.value.hint
