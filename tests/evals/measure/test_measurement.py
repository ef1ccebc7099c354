import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from citeward.errors import InvalidInput
from citeward.evals.measure.measurement import Measurement, latency, render, write_json
from citeward.evals.statistics import Interval


def half(value: float) -> Interval:
    return Interval(value=value, low=value / 2, high=value)


MEASURED = Measurement(
    part="retrieval",
    items=1190,
    metrics={
        "hybrid.mrr@1": half(0.5), "hybrid.mrr@10": half(0.9), "hybrid-keyword.mrr@10": half(0.02),
        "gold": half(0.75), "recall@fpr1": half(0.6), "hybrid.ms.p50": half(3.5),
    },
    settings={"seed": 3},
)  # fmt: skip


def test_the_json_has_exactly_the_documented_fields(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_json(path, MEASURED.to_dict())
    read = json.loads(path.read_text())
    assert list(read) == ["part", "items", "metrics", "settings"]
    assert read["metrics"]["gold"] == {"value": 0.75, "low": 0.375, "high": 0.75}
    assert (read["part"], read["items"], read["settings"]) == ("retrieval", 1190, {"seed": 3})


def test_writing_replaces_the_file_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"x": float("nan")})
    assert path.read_text() == "old"
    write_json(path, {"x": "ü"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"x": "ü"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        write_json(tmp_path / "nowhere" / "out.json", {})
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput, match="folder"):
        write_json(tmp_path / "folder", {})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_table_shows_depths_side_by_side_and_the_rest_in_a_list() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(render(MEASURED))
    text = console.export_text()
    row = next(line for line in text.splitlines() if "hybrid.mrr" in line)
    assert "0.500" in row
    assert "0.900" in row
    assert "+0.0200" in text
    assert "recall@fpr1" in text
    assert "0.3750 – 0.7500" in text
    assert "1,190 items" in text


def test_latency_is_in_milliseconds() -> None:
    found = latency([0.001] * 99 + [0.5], "search.")
    assert list(found) == ["search.ms.p50", "search.ms.p99"]
    assert found["search.ms.p50"].value == pytest.approx(1.0)
    assert found["search.ms.p99"].high == pytest.approx(500.0)
