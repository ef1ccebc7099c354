"""Tiny models on disk, and models loaded from them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from citeward.contracts.model import ModelInfo
from citeward.models.local.load import load_local
from citeward.models.local.model import LocalModel
from citeward.models.local.options import LocalOptions
from citeward.testing.suites.model import QUESTIONS
from citeward.testing.tiny_model import write_tiny_model

INFO = ModelInfo(name="tiny", tools=True)
FOX = "Where is the fox?"
SLEEPS = "The grey fox sleeps under the old port, über dem Hügel 🦊 and 日本語."
LOOK = "Look for the fox."
CALL = '<tool_call>\n{"name": "search", "arguments": {"query": "fox"}}\n</tool_call>'
SEARCH = {
    "type": "function",
    "function": {"name": "search", "description": "Search.", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="session")
def _torch() -> Iterator[None]:
    """Torch on one thread: a tiny model gains nothing by more."""
    pytest.importorskip("transformers", reason="the extra `local` is not installed")
    torch = pytest.importorskip("torch", reason="the extra `local` is not installed")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny(_torch: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows where the fox is."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "fox", taught={FOX: SLEEPS})


@pytest.fixture(scope="session")
def caller(_torch: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that calls a tool."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "caller", taught={LOOK: CALL}, tools=(SEARCH,))


@pytest.fixture(scope="session")
def endless(_torch: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that never comes to an end by itself."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "endless", ends=False)


@pytest.fixture
async def fox(tiny: Path) -> AsyncIterator[LocalModel]:
    """The model that knows where the fox is, two answers at a time."""
    model = load_local(str(tiny), info=INFO, options=LocalOptions(device="cpu", concurrency=2))
    yield model
    await model.aclose()


@pytest.fixture
async def endlessly(endless: Path) -> AsyncIterator[LocalModel]:
    """The model that never ends, one answer at a time."""
    model = load_local(str(endless), info=INFO, options=LocalOptions(device="cpu"))
    yield model
    await model.aclose()


@pytest.fixture(scope="session")
def scholar(_torch: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows the answers to the suite's questions."""
    answers = (
        "It lies in the third drawer, behind the letters.",
        "The harbour master opens it at seven.",
        "It sleeps under the old port.",
        "There are 12 boats and 345 masts.",
    )
    taught = dict(zip(QUESTIONS, answers, strict=True))
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "scholar", taught=taught)


@pytest.fixture
async def knowing(scholar: Path) -> AsyncIterator[LocalModel]:
    """That model, two answers at a time."""
    model = load_local(str(scholar), info=INFO, options=LocalOptions(device="cpu", concurrency=2))
    yield model
    await model.aclose()
