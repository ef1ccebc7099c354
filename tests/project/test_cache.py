"""Which threshold a project's cache goes by, and one of its own."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from citeward.cache.exact import ExactCache
from citeward.cache.fitted import read_fitted
from citeward.cache.semantic import SemanticCache
from citeward.cache.threshold import threshold_for
from citeward.cli import main
from citeward.contracts.retrieval import Vectors
from citeward.errors import ProjectError, SettingsError
from citeward.project.cache import cache_threshold, open_cache
from citeward.project.declared import Project, read_project
from citeward.project.starter import init_project
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.settings import CacheSettings

TOWNS = ("Lund", "Ystad", "Malmö", "Kiel")


class Another:
    """An embedder of another space."""

    name = "another"
    dimensions = 2

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        return np.ones((len(texts), 2), np.float32) / np.sqrt(np.float32(2))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    init_project(tmp_path / "app")
    return read_project(tmp_path / "app")


def told(project: Project, **settings: object) -> Project:
    cache = CacheSettings.model_validate(settings)
    return replace(project, settings=project.settings.model_copy(update={"cache": cache}))


def pairs(path: Path, *, wrong: bool) -> Path:
    """Questions and the same in other words; and others, of which a cosine knows that they are others."""
    lines = []
    for at in range(200):
        question = f"How do I pay the harbour fee of berth {at} in {TOWNS[at % 4]}?"
        lines.append({"a": question, "b": question.replace("How do I", "How can I"), "same": int(not wrong or at % 2)})
        lines.append({"a": question, "b": f"Is there a library with novels in room {at}?", "same": 0})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_what_is_set_comes_before_what_was_fitted_and_that_before_what_ships(project: Project) -> None:
    fitted = {
        "embedder": "all-MiniLM-L6-v2",
        "threshold": 0.875,
        "error_bound": 0.02,
        "learned": {"hits": 200, "false_hits": 0, "bound": 0.01},
        "held_out": {"hits": 200, "false_hits": 0, "bound": 0.01},
    }
    (project.root / "cache.json").write_text(json.dumps(fitted))
    local = MiniLM()
    assert cache_threshold(project, local) == threshold_for(0.02)
    assert cache_threshold(told(project, fitted="cache.json"), local) == 0.875
    assert cache_threshold(told(project, fitted="cache.json", threshold=0.7), local) == 0.7
    with pytest.raises(SettingsError, match="another"):
        cache_threshold(told(project, fitted="cache.json"), Another())
    with pytest.raises(ProjectError, match="cannot be read"):
        cache_threshold(told(project, fitted="gone.json"), local)


def test_another_embedder_has_a_semantic_cache_where_it_has_a_threshold(project: Project) -> None:
    assert isinstance(open_cache(project, Another()), ExactCache)
    assert isinstance(open_cache(told(project, threshold=0.8), Another()), SemanticCache)


def test_a_threshold_is_fitted_written_and_used(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, root = pairs(tmp_path / "pairs.jsonl", wrong=False), project.root
    arguments = ["cache", "fit", "--data", str(data), "--bound", "0.05", "--project", str(root)]
    assert main([*arguments, "--json", str(tmp_path / "m.json")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Held out: 0 of" in said
    fitted = read_fitted(root / "cache.json")
    assert (fitted.embedder, fitted.error_bound) == ("all-MiniLM-L6-v2", 0.05)
    assert fitted.learned.hits >= 59
    assert fitted.held_out.hits > 0
    assert "harbour" not in (root / "cache.json").read_text()
    used = told(project, fitted="cache.json")
    assert isinstance(open_cache(used, MiniLM()), SemanticCache)
    assert json.loads((tmp_path / "m.json").read_text())["settings"]["held_out"]["false_hits"] == 0


def test_pairs_that_show_no_threshold_are_refused_and_nothing_is_written(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = pairs(tmp_path / "pairs.jsonl", wrong=True)
    assert main(["cache", "fit", "--data", str(data), "--project", str(project.root)]) == 2
    assert "149 hits" in capsys.readouterr().err.replace("\n", " ")
    assert not (project.root / "cache.json").exists()
