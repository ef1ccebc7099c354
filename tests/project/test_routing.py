import json
from pathlib import Path

import numpy as np
import pytest

from citeward.cli import main
from citeward.errors import InvalidInput
from citeward.models.router.fitted import read_fitted
from citeward.project.declared import Project, read_project
from citeward.project.measured import measure_part
from citeward.project.routing import fitted_routing
from citeward.project.starter import init_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("routing") / "app"
    init_project(root)
    return read_project(root)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    items = []
    for place in range(80):
        hard = place % 2
        prompt = f"Prove that {place} steps end." if hard else f"What is the colour of house {place} over there?"
        items.append({"prompt": prompt, "small": float(rng.random() < (0.2 if hard else 0.9)), "large": 1.0})
    path = tmp_path_factory.mktemp("data") / "r.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


async def test_a_fit_keeps_to_the_share_or_to_the_loss_that_is_asked_for(project: Project, data: Path) -> None:
    by_share = await fitted_routing(project, data, share=0.3)
    assert by_share.fitted.threshold == pytest.approx(0.7)
    by_loss = await fitted_routing(project, data, loss=0.05)
    assert 0.2 < by_loss.fitted.provenance["share"] < 0.6
    with pytest.raises(InvalidInput, match="cannot both"):
        await fitted_routing(project, data, share=0.3, loss=0.05)


async def test_data_that_teaches_nothing_is_refused(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"prompt": "p", "small": 0, "large": 1}\n' * 3)
    with pytest.raises(InvalidInput, match="3 results, too few"):
        await fitted_routing(project, path)
    path.write_text("".join(json.dumps({"prompt": f"p{n}", "small": 1, "large": 0.5}) + "\n" for n in range(60)))
    with pytest.raises(InvalidInput, match="not better"):
        await fitted_routing(project, path)


async def test_what_the_command_writes_is_measured_as_the_projects_own(
    project: Project, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "app"
    init_project(root)
    arguments = ["router", "fit", "--data", str(data), "-p", str(root), "--json", str(tmp_path / "m.json")]
    assert await _in_thread(arguments) == 0
    told = capsys.readouterr().out
    assert "It beats the length of the prompt alone" in told
    assert 'fitted = "router.json"' in told
    assert read_fitted(root / "router.json").embedder == "all-MiniLM-L6-v2"
    assert json.loads((tmp_path / "m.json").read_text())["metrics"]["apgr"]["value"] > 0.6
    settings = root / "citeward.toml"
    settings.write_text(settings.read_text() + '\n[router]\nfitted = "router.json"\n')
    measured = await measure_part("routing", data, root=root)
    assert {"fitted.apgr", "apgr", "random.apgr", "length.apgr"} <= set(measured.metrics)


async def _in_thread(arguments: list[str]) -> int:
    import asyncio

    return await asyncio.to_thread(main, arguments)
