import json
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.model import ModelInfo
from citeward.contracts.routing import Features
from citeward.errors import ProjectError
from citeward.models.router.build import build_router
from citeward.models.router.fit import cross_validate, fit
from citeward.models.router.fitted import to_dict
from citeward.settings import RouterSettings
from citeward.testing.embedding import HashEmbedder

MODELS = {"s": ModelInfo(name="s", tier="small"), "l": ModelInfo(name="l", tier="large")}


async def test_the_fitted_file_of_the_settings_decides(tmp_path: Path, make_outcomes: Any) -> None:
    outcomes = make_outcomes()
    fitted = fit(outcomes, cross_validate(outcomes), share=0.5)
    (tmp_path / "router.json").write_text(json.dumps(to_dict(fitted)))
    router = build_router(RouterSettings(fitted=Path("router.json")), MODELS, root=tmp_path, embedder=HashEmbedder())
    easy = await router.choose(Features(question="What colour is thing 900?"))
    hard = await router.choose(Features(question="Divide 8 by 3 and explain why number 9 is left over."))
    assert (easy.model, hard.model) == ("s", "l")
    assert {"small", "large", "gain", "difficulty", "threshold"} <= set(hard.scores)


async def test_with_nothing_fitted_rules_of_thumb_decide(tmp_path: Path) -> None:
    route = await build_router(RouterSettings(threshold=0.0), MODELS, root=tmp_path).choose(Features(question="q"))
    assert route.model == "l"
    assert "by rules of thumb" in route.reason


def test_a_fitted_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"router\.json: cannot be read"):
        build_router(RouterSettings(fitted=Path("router.json")), MODELS, root=tmp_path)
