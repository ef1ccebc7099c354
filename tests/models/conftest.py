"""A real vLLM server with a tiny random model, for the tests that need one."""

import asyncio
import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from citeward.models.vllm.options import VLLMOptions
from citeward.models.vllm.server import VLLMServer

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
}
"""Off the network, and small."""
SERVING = VLLMOptions(
    port=0,
    served_model_name="tiny-chat",
    dtype="float32",
    max_model_len=2048,
    max_num_seqs=64,
    enable_prefix_caching=True,
    tool_call_parser="hermes",
    tool_strict_level="parameter",
    enable_lora=True,
    max_lora_rank=8,
    enforce_eager=True,
)
"""How the tiny model is served."""
TINY = Path(__file__).parent / "vllm" / "tiny_chat.py"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A vLLM server that holds the model of `tiny_chat.py`."""

    url: str
    name: str
    pid: int | None = None
    """Of its process group, where it was started here."""

    @property
    def folder(self) -> str:
        """Where the server has the model, with an adapter beside it."""
        with urllib.request.urlopen(f"{self.url}/models") as answer:
            return str(json.load(answer)["data"][0]["root"])


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    """A Python that has vLLM, of a build that runs here."""
    named = os.environ.get("CITEWARD_TEST_VLLM_PYTHON")
    if not named or not Path(named).is_file():
        pytest.skip("CITEWARD_TEST_VLLM_PYTHON names no Python with vLLM")
    return Path(named)


@pytest.fixture(scope="session")
def tiny_chat(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random chat model, with a LoRA adapter in `adapter`."""
    folder = tmp_path_factory.mktemp("tiny") / "chat"
    subprocess.run([str(vllm_python), str(TINY), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def serving_vllm(vllm_python: Path, tiny_chat: Path) -> Callable[..., AbstractContextManager[Served]]:
    """Serves the tiny model for as long as a block lasts, with other options where given."""

    @contextmanager
    def serving(**options: Any) -> Iterator[Served]:
        told = replace(SERVING, python=vllm_python, **options)
        server = VLLMServer(str(tiny_chat), told, deadline=600, environment=QUIET)
        with asyncio.Runner() as runner:
            runner.run(server.__aenter__())
            try:
                yield Served(url=server.url, name=server.name, pid=server.pid)
            finally:
                runner.run(server.__aexit__(None, None, None))

    return serving


@pytest.fixture(scope="session")
def vllm_server(request: pytest.FixtureRequest) -> Iterator[Served]:
    """The server that CITEWARD_TEST_VLLM names (as http://127.0.0.1:8103/v1#tiny-chat), or one started for the run."""
    named = os.environ.get("CITEWARD_TEST_VLLM")
    if named:
        url, _, name = named.partition("#")
        yield Served(url=url, name=name)
        return
    if not os.environ.get("CITEWARD_TEST_VLLM_PYTHON"):
        pytest.skip("neither CITEWARD_TEST_VLLM nor CITEWARD_TEST_VLLM_PYTHON is set: no vLLM to test against")
    with request.getfixturevalue("serving_vllm")() as served:
        yield served
