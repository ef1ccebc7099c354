from pathlib import Path

import pytest

from citeward.cli.main import main


def test_the_command_is_printed_and_nothing_is_started(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "vllm.toml"
    file.write_text('quantization = "awq"\nmax_model_len = 8192\n')
    code = main(["vllm", "command", "a/b", "-f", str(file), "-s", "max_model_len=4096", "-s", "enable_lora=yes"])
    assert code == 0
    assert capsys.readouterr().out == (
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve a/b --host 127.0.0.1 --port 8001 --quantization awq "
        "--max-model-len 4096 --enable-lora\n"
    )


@pytest.mark.parametrize("set_", ["gpu_memory_utilization=2", "gpus=2", "quantization"])
def test_a_mistake_in_an_option_is_a_mistake_in_the_call(set_: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vllm", "command", "a/b", "--set", set_]) == 2
    assert "hint:" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "vllm.toml"
    file.write_text("max_model_len: 1")
    assert main(["vllm", "command", "a/b", "--file", str(file)]) == 2
    assert str(file) in capsys.readouterr().err.replace("\n", "")


def test_serving_without_vllm_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["vllm", "serve", "a/b", "--set", "port=0"]) == 1
    assert "citeward[vllm]" in capsys.readouterr().err
