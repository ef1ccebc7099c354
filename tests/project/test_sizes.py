import json
from pathlib import Path

import pytest

from citeward.project.declared import read_project
from citeward.project.sizes import config_size, find_config, model_sizes
from citeward.project.starter import init_project

QWEN = {
    "model_type": "qwen2",
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
}


def test_a_model_in_the_hubs_cache_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    snapshot = tmp_path / "hub" / "models--Qwen--Qwen2.5-7B" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps(QWEN))
    assert find_config("Qwen/Qwen2.5-7B") == snapshot / "config.json"
    assert find_config("Qwen/Other") is None
    assert find_config("../..") is None
    assert find_config(str(snapshot)) == snapshot / "config.json"
    found = config_size(snapshot, weights="awq")
    assert (found.name, found.note) == ("abc", f"awq, from {snapshot}")


def test_what_is_not_on_this_machine_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    init_project(tmp_path / "app")
    settings = tmp_path / "app" / "citeward.toml"
    kept = settings.read_text().partition("[models")[0]
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "config.json").write_text('{"model_type": "bert"}')
    settings.write_text(
        f"{kept}\n[models.small]\nprovider = 'extractive'\ntool_calls = 'none'\n"
        "[models.far]\nprovider = 'openai'\nmodel = 'gpt'\n"
        f"[models.odd]\nprovider = 'vllm'\nmodel = '{odd}'\n"
        "[models.other]\nprovider = 'langchain'\nmodel = 'm'\nuse = 'langchain_x:Chat'\n"
    )
    small, far, odd_one, other = model_sizes(read_project(tmp_path / "app"))
    assert (small.disk, small.note) == (0, "has no weights of its own")
    assert (far.size, far.note) == (None, "gpt is on its server; for an estimate, give its config.json")
    assert "model_type 'bert'" in odd_one.note
    assert other.size is None
