import sys
from pathlib import Path

import pytest

from citeward.contracts.model import Message, ModelInfo, ModelRequest, Sampling
from citeward.errors import ModelUnavailable, SettingsError
from citeward.models.local.failure import not_loaded, out_of_memory
from citeward.models.local.load import load_local
from citeward.models.local.options import LocalOptions
from citeward.testing.tiny_model import write_tiny_model

INFO = ModelInfo(name="tiny", tools=True)


def test_a_folder_that_is_not_there_is_named(tiny: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"tiny \('/nowhere/at-all'\) cannot be loaded"):
        load_local("/nowhere/at-all", info=INFO)


def test_a_model_without_a_chat_template_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "bare", template=None)
    with pytest.raises(ModelUnavailable, match="no chat template"):
        load_local(str(folder), info=INFO)


def test_a_model_of_no_known_form_calls_no_tools(tiny: Path, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "plain", template="{% for m in messages %}{{ m.content }}{% endfor %}")
    assert not load_local(str(folder), info=INFO).info.tools


def test_code_that_comes_with_a_model_does_not_run_unless_it_is_trusted(tiny: Path, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "own")
    config = (folder / "config.json").read_text()
    own = config.replace('"model_type": "llama"', '"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}')
    (folder / "config.json").write_text(own)
    (folder / "own.py").write_text("raise SystemExit('it ran')\n")
    with pytest.raises(ModelUnavailable, match=r"brings Python of its own.*(?s:.)*trust_remote_code = true"):
        load_local(str(folder), info=INFO)


def test_a_gpu_that_is_not_there_is_told(tiny: Path) -> None:
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    with pytest.raises(ModelUnavailable, match=f"'cuda:{gpus}', and torch sees {gpus} GPUs here"):
        load_local(str(tiny), info=INFO, options=LocalOptions(device=f"cuda:{gpus}"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
async def test_the_type_of_the_weights_is_as_told(tiny: Path, dtype: str) -> None:
    model = load_local(str(tiny), info=INFO, options=LocalOptions(device="cpu", dtype=dtype))  # type: ignore[arg-type]
    assert model._loaded is not None
    assert str(model._loaded.model.dtype) == f"torch.{dtype}"
    await model.aclose()


@pytest.mark.parametrize(("quantization", "kind"), [("8bit", "Linear8bitLt"), ("4bit", "Linear4bit")])
async def test_a_quantized_model_answers_from_smaller_weights(tiny: Path, quantization: str, kind: str) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    options = LocalOptions(device="cpu", quantization=quantization)  # type: ignore[arg-type]
    model = load_local(str(tiny), info=INFO, options=options)
    assert model._loaded is not None
    projection = model._loaded.model.model.layers[0].self_attn.q_proj
    assert type(projection).__name__ == kind
    request = ModelRequest(
        messages=(Message(role="user", content="Where is the fox?"),), sampling=Sampling(max_tokens=8)
    )
    deltas = [delta async for delta in model.stream(request)]
    assert deltas[-2].usage is not None and deltas[-2].usage.output_tokens > 0
    await model.aclose()


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelUnavailable, match=r"needs torch and transformers(?s:.)*citeward\[local\]"):
        load_local("any", info=INFO)


def test_memory_that_lacks_is_known_by_torch_s_own_error(tiny: Path) -> None:
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**52)
    assert out_of_memory(caught.value)
    assert "quantization" in not_loaded("tiny", "folder", caught.value).hint
    assert out_of_memory(MemoryError())
    assert not out_of_memory(RuntimeError("shapes do not match"))


def test_no_answers_at_a_time_are_refused() -> None:
    with pytest.raises(SettingsError, match="0 answers"):
        LocalOptions(concurrency=0)
