from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citeward.errors import DataError, InvalidInput
from citeward.evals.measure.measurement import render
from citeward.evals.measure.routing import assess, measure_routing, read_outcomes
from citeward.models.router.fit import cross_validate, fit
from citeward.testing.embedding import HashEmbedder


@pytest.fixture
def path(lines: Callable[..., Path]) -> Path:
    """Divisions are hard for the small model; their prompts are the shorter ones."""
    rng = np.random.default_rng(0)
    items = []
    for place in range(150):
        hard = bool(rng.random() < 0.5)
        prompt = f"Divide {place} by 7." if hard else f"What colour does thing {place} have in the picture there?"
        small = int(rng.random() < (0.2 if hard else 0.9))
        items.append({"prompt": prompt, "small": small, "large": bool(rng.random() < 0.95)})
    return lines("r.jsonl", *items)


async def test_what_can_be_learned_beats_length_and_random_order_is_one_half(path: Path) -> None:
    found = await measure_routing(path, embedder=HashEmbedder())
    values = {name: interval.value for name, interval in found.metrics.items()}
    assert values["apgr"] > 0.65 > 0.35 > values["length.apgr"]
    assert values["random.apgr"] == pytest.approx(0.5, abs=0.05)
    assert values["apgr-length"] == pytest.approx(values["apgr"] - values["length.apgr"])
    assert found.metrics["apgr-length"].low > 0
    assert values["small.quality"] < values["random.quality@40"] < values["quality@40"]
    assert values["calls.50"] < 0.5 < values["length.calls.50"]
    assert {"surface.apgr", "thumb.apgr"} <= set(values)
    assert all(interval.low <= interval.value <= interval.high for interval in found.metrics.values())


async def test_every_fold_is_reported_and_the_curve_ends_at_the_two_models(path: Path) -> None:
    found = await measure_routing(path)
    assert sum(fold["items"] for fold in found.settings["folds"]) == found.items == 150
    curve = found.settings["curve"]
    assert curve[0] == [0.0, round(found.metrics["small.quality"].value, 4)]
    assert curve[-1] == [1.0, round(found.metrics["large.quality"].value, 4)]
    render(found)


async def test_a_limit_draws_and_the_same_seed_gives_the_same_figures(path: Path) -> None:
    first, second = [await measure_routing(path, limit=40, seed=3) for _ in range(2)]
    assert first == second
    assert first.items == 40


async def test_the_projects_own_fit_is_measured_beside(path: Path) -> None:
    outcomes = await read_outcomes(path, embedder=HashEmbedder())
    held_out = cross_validate(outcomes)
    fitted = fit(outcomes, held_out, share=0.5)
    found = assess(outcomes, held_out, data="r.jsonl", fitted=fitted)
    assert found.metrics["fitted.apgr"].value > 0.65


async def test_where_the_large_model_is_not_better_there_are_no_figures_of_a_gap(lines: Callable[..., Path]) -> None:
    path = lines("r.jsonl", *[{"prompt": f"p{n}", "small": 0.5, "large": 0.25} for n in range(8)])
    found = await measure_routing(path, embedder=HashEmbedder())
    assert not [name for name in found.metrics if "apgr" in name or "calls" in name]
    assert found.metrics["quality@40"].value == pytest.approx(0.4)


async def test_progress_is_told_as_prompts_are_embedded(path: Path) -> None:
    told: list[Any] = []
    await read_outcomes(path, embedder=HashEmbedder(), progress=lambda done, total: told.append((done, total)))
    assert told == [(64, 150), (128, 150), (150, 150)]


@pytest.mark.parametrize("line", [{"prompt": "p", "small": 2, "large": 1}, {"prompt": "p", "small": 1}])
async def test_a_bad_line_is_named(lines: Callable[..., Path], line: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"r\.jsonl:2"):
        await measure_routing(lines("r.jsonl", {"prompt": "p", "small": 1, "large": 1}, line))


async def test_one_line_is_too_few(lines: Callable[..., Path]) -> None:
    with pytest.raises(InvalidInput, match="1 different prompt"):
        await measure_routing(lines("r.jsonl", {"prompt": "p", "small": 0, "large": 1}))
