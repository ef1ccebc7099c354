"""The real server on a free port, over a project of its own."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import uvicorn

from citeward.cli import main
from citeward.serving.app import create_app

CORPUS = "# Ports\n\nThe harbour master opens the port of Lund at seven o'clock.\n"


def make_project(root: Path, repository: Path) -> Path:
    """A copy of the starter project with a small corpus, indexed; a model for tool calls is not what is tested here."""
    for name in ("agents", "tools", "graphs", "prompts", "evals"):
        shutil.copytree(repository / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings = (repository / "citeward.toml").read_text()
    (root / "citeward.toml").write_text(settings.replace('tool_calls = "needle"', 'tool_calls = "none"'))
    (root / "docs").mkdir()
    (root / "docs" / "ports.md").write_text(CORPUS)
    assert main(["index", "--project", str(root)]) == 0
    return root


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """The server's address, while it runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(create_app(root, max_body=100_000), log_level="warning", lifespan="on")
        served = uvicorn.Server(config)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 60
        while not served.started and time.monotonic() < deadline:
            thread.join(0.05)
        yield f"http://127.0.0.1:{port}"
        served.should_exit = True
        thread.join(20)


Serving = Callable[[Path], AbstractContextManager[str]]
MakeProject = Callable[[Path], Path]


@pytest.fixture(scope="package")
def serve() -> Serving:
    """Serves a project for as long as the `with` block lasts."""
    return serving


@pytest.fixture(scope="package")
def copied(repository: Path) -> MakeProject:
    """Makes a project in a folder."""
    return lambda root: make_project(root, repository)


@pytest.fixture(scope="package")
def speaking(copied: MakeProject) -> Callable[[Path, str], Path]:
    """Makes a project in a folder whose one model is the server at an address."""

    def make(root: Path, url: str) -> Path:
        path = copied(root) / "citeward.toml"
        settings = path.read_text()
        extractive = settings[settings.index("[models.extractive]") : settings.index("[state]")]
        model = f'[models.far]\nprovider = "compatible"\nmodel = "far"\nurl = "{url}"\ntools = false\n\n'
        path.write_text(settings.replace(extractive, model))
        return root

    return make


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory, copied: MakeProject) -> Path:
    return copied(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="package")
def server(project: Path) -> Iterator[str]:
    with serving(project) as address:
        yield address
