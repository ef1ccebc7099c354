"""`citeward models` against real servers, failing ones too."""

import asyncio
import json
from pathlib import Path

import pytest

from citeward.cli import main
from citeward.project.starter import init_project
from citeward.testing.endpoints import ModelServer
from citeward.testing.upstream import Turn, Upstream

KEY = "sk-do-not-show-me"
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    init_project(tmp_path / "app")
    return tmp_path / "app"


def with_models(root: Path, **models: dict[str, object]) -> None:
    """Name these models in the project, beside the extractive one."""
    text = "\n[models.extractive]\nprovider = 'extractive'\ntool_calls = 'none'\n"
    for name, told in models.items():
        text += f"\n[models.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items())
    settings = root / "citeward.toml"
    kept = settings.read_text().partition("[models")[0]
    settings.write_text(kept + text)


def endpoint(url: str, **more: object) -> dict[str, object]:
    return {"provider": "vllm", "url": url, "model": "tiny", "retries": 0, **more}


def test_the_list_shows_every_model_and_no_key(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer(model="tiny", api_key=KEY) as server:
        gone = "http://127.0.0.1:9/v1"
        with_models(root, near=endpoint(server.url, api_key=KEY, input_price=0.5, output_price=2), gone=endpoint(gone))
        assert main(["models", "list", "-p", str(root)]) == 0
        told = capsys.readouterr().out
        assert main(["models", "list", "-p", str(root), "--json"]) == 0
    assert "0.5, 2" in told
    assert "gone: the server of model 'tiny' cannot be reached" in told
    printed = capsys.readouterr().out
    listed = {one["name"]: one for one in json.loads(printed)}
    assert [(name, one["health"]["state"]) for name, one in listed.items()] == [
        ("extractive", "ready"),
        ("near", "ready"),
        ("gone", "unreachable"),
    ]
    assert KEY not in told + printed


async def test_a_comparison_has_a_row_for_each_model_and_a_picture(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    async with Upstream(Turn(text=("Hel", "lo."), usage=(100, 20))) as server, Upstream(Turn(status=401)) as closed:
        with_models(root, big=endpoint(server.url, input_price=10, output_price=40), closed=endpoint(closed.url))
        out = {"--json": tmp_path / "c.json", "--plot": tmp_path / "c.svg"}
        files = [str(part) for pair in out.items() for part in pair]
        arguments = ["models", "compare", "-p", str(root), "--repeat", "2", "--max-tokens", "9", *files]
        assert await asyncio.to_thread(main, arguments) == 0
        assert [request.body["max_tokens"] for request in server.requests] == [9] * 7
    told = capsys.readouterr().out
    assert "closed: 1 x authentication_failed" in told
    assert "TTFT p50" in told
    assert "█" in told
    found = json.loads((tmp_path / "c.json").read_text())
    rows = {row["name"]: row for row in found["rows"]}
    assert {name: (row["calls"], row["errors"]) for name, row in rows.items()} == {
        "extractive": (6, 0),
        "big": (6, 0),
        "closed": (1, 1),
    }
    assert rows["big"]["cost"]["value"] == pytest.approx(0.0018)
    # The extractive model found its answers in the passages: a refusal would be shorter.
    assert rows["extractive"]["output_tokens"] > 14
    assert found["settings"]["prompt"] == "answer 1"
    assert (tmp_path / "c.svg").read_bytes().startswith(b"<?xml")


async def test_a_comparison_asks_what_it_is_told_to(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Upstream(Turn(text=("Hi.",))) as server:
        with_models(root, big=endpoint(server.url))
        arguments = ["models", "compare", "big", "-p", str(root), "--repeat", "1", "--concurrency", "2"]
        assert await asyncio.to_thread(main, [*arguments, "--prompt", "One?", "--prompt", "Two?"]) == 0
        said = [request.body["messages"] for request in server.requests]
    first, *both = [one[0]["content"] for one in said]
    assert first == "One?" and sorted(both) == ["One?", "Two?"], "the first use, then both prompts side by side"
    assert "2 prompts x 1, 2 at a time" in capsys.readouterr().out


def test_a_comparison_in_which_all_fail_fails(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_models(root, gone=endpoint("http://127.0.0.1:9/v1"))
    assert main(["models", "compare", "gone", "-p", str(root)]) == 1
    assert "1 x model_unavailable" in capsys.readouterr().out
    assert main(["models", "compare", "nobody", "-p", str(root)]) == 2
    assert main(["models", "compare", "-p", str(root), "--plot", "p.gif"]) == 2
    assert main(["models", "compare", "-p", str(root), "--prompt", "a", "--prompts", "b"]) == 2


def test_resources_tell_of_the_machine_and_of_the_projects_models(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    with_models(root, own=endpoint("http://127.0.0.1:9/v1") | {"model": str(folder)})
    assert main(["models", "resources", "-p", str(root)]) == 0
    told = capsys.readouterr().out
    assert "processors" in told
    assert "8.03 B" in told
    assert main(["models", "resources", "-p", str(root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["machine"]["cpus"] >= 1
    own = found["models"][1]
    assert (own["name"], own["size"]["weights"], own["size"]["kv_token"]) == ("own", 16_060_522_496, 131_072)


def test_resources_size_a_config_as_it_is_to_be_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho '0, NVIDIA L4, 23034, 0, 22000, 0'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    config = tmp_path / "config.json"
    config.write_text(json.dumps(LLAMA))
    asked = ["models", "resources", "--model-config", str(config), "--weights", "fp8", "--cache", "fp8", "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    (one,) = found["models"]
    assert one["size"]["kv_token"] == 65_536
    assert found["gpus"][0]["name"] == "NVIDIA L4"
    left = int(22000 * 1024 * 1024 * 0.9) - one["size"]["weights"]
    assert one["fits"]["GPU 0"]["tokens"] == left // 65_536
    assert main(["models", "resources", "--model-config", str(config), "--weights", "fp2"]) == 2


def test_a_broken_driver_hides_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'version mismatch' >&2; exit 18\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.chdir(tmp_path)
    assert main(["models", "resources"]) == 0
    told = capsys.readouterr().out
    assert "version mismatch" in told
    assert "processors" in told
