import importlib.util
import json
from pathlib import Path

import jsonschema
import pytest

from citeward.contracts.model import Message, ModelRequest, Sampling
from citeward.contracts.tool import ToolSpec
from citeward.errors import InvalidInput, ModelUnavailable
from citeward.models.vllm.offline import generate_offline
from citeward.models.vllm.options import VLLMOptions

ASKED = (Message(role="user", content="Which port?"),)
SCHEMA = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}
SCHEMA["additionalProperties"] = False  # type: ignore[assignment]


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
async def test_without_vllm_the_way_to_get_it_is_told() -> None:
    with pytest.raises(ModelUnavailable, match="not installed") as told:
        await generate_offline("m", [ModelRequest(messages=ASKED)])
    assert "pip install 'citeward[vllm]'" in told.value.hint


@pytest.mark.parametrize(
    "request_",
    [
        ModelRequest(messages=ASKED, tools=(ToolSpec(name="search", description="", parameters={}),)),
        ModelRequest(messages=ASKED, logprobs=0),
        ModelRequest(messages=ASKED, prefix="The port"),
    ],
)
async def test_what_only_a_server_does_is_refused(request_: ModelRequest) -> None:
    with pytest.raises(InvalidInput, match="request 1 has"):
        await generate_offline("m", [ModelRequest(messages=ASKED), request_], VLLMOptions(python=Path("/none")))


async def test_no_requests_start_nothing() -> None:
    assert await generate_offline("m", [], VLLMOptions(python=Path("/none"))) == []


async def test_a_python_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="/none"):
        await generate_offline("m", [ModelRequest(messages=ASKED)], VLLMOptions(python=Path("/none")))


async def test_a_python_without_vllm_is_told_so(repository: Path) -> None:
    import sys

    if importlib.util.find_spec("vllm") is not None:
        pytest.skip("vLLM is installed")
    with pytest.raises(ModelUnavailable, match="vLLM is not installed"):
        await generate_offline("m", [ModelRequest(messages=ASKED)], VLLMOptions(python=Path(sys.executable)))


async def test_the_real_vllm_answers_each_request_in_order(vllm_python: Path, tiny_chat: Path) -> None:
    requests = [
        ModelRequest(messages=ASKED, sampling=Sampling(temperature=0.0, max_tokens=length)) for length in (1, 2, 3)
    ]
    requests.append(ModelRequest(messages=ASKED, output_schema=SCHEMA, sampling=Sampling(max_tokens=300, seed=1)))
    options = VLLMOptions(python=vllm_python, dtype="float32", max_model_len=1024, max_num_seqs=8, enforce_eager=True)
    environment = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    answers = await generate_offline(str(tiny_chat), requests, options, environment=environment)
    assert [answer.usage.output_tokens for answer in answers[:3]] == [1, 2, 3]
    assert [answer.finish_reason for answer in answers[:2]] == ["length", "length"]
    assert all(answer.usage.input_tokens > 10 for answer in answers)
    jsonschema.validate(json.loads(answers[3].text), SCHEMA)
