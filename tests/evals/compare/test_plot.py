import json
from pathlib import Path

import pytest

from citeward.errors import InvalidInput, RateLimited, SettingsError
from citeward.evals.compare.call import Call
from citeward.evals.compare.comparison import Comparison, row
from citeward.evals.compare.plot import check_plot, plot


@pytest.fixture
def compared() -> Comparison:
    good = [Call(seconds=1.0 + place / 10, first=0.2, cost=0.001) for place in range(5)]
    bad = [Call(seconds=0.1, error=RateLimited("slow down", hint="Wait."))]
    told = {"provider": "vllm", "served": "m", "memory": None, "seconds": 5.0}
    rows = (
        row(good, name="good", first_use=1.5, **told),  # type: ignore[arg-type]
        row(bad, name="bad", first_use=None, **told),  # type: ignore[arg-type]
    )
    return Comparison(rows=rows, settings={"prompts": 1})


def test_a_comparison_is_json_with_its_failed_rows(compared: Comparison) -> None:
    told = json.loads(json.dumps(compared.to_dict(), allow_nan=False))
    assert [one["errors"] for one in told["rows"]] == [0, 1]
    assert told["rows"][0]["cost"]["value"] == pytest.approx(0.001)
    assert told["rows"][1]["failed"] == [{"code": "rate_limited", "message": "slow down", "calls": 1}]


def test_what_costs_nothing_costs_nothing_for_sure() -> None:
    free = row(
        [Call(seconds=1.0, first=0.1)] * 3, name="f", provider="x", served="", first_use=1.0, memory=1, seconds=3.0
    )
    assert free.cost and (free.cost.low, free.cost.high) == (0, 0)


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_a_picture_is_drawn_with_failed_models_in_it(
    compared: Comparison, tmp_path: Path, suffix: str, begins: bytes
) -> None:
    pytest.importorskip("matplotlib")
    plot(compared, tmp_path / f"p{suffix}")
    assert (tmp_path / f"p{suffix}").read_bytes().startswith(begins)


def test_a_picture_that_cannot_be_drawn_is_refused_before_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="no picture's name"):
        check_plot(tmp_path / "p.gif")
    with pytest.raises(InvalidInput, match="no folder"):
        check_plot(tmp_path / "absent" / "p.png")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"needs matplotlib.*\nhint: pip install 'citeward\[plot\]'"):
        check_plot(tmp_path / "p.png")
