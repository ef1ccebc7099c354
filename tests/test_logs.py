"""The library's log lines in an application that knows nothing of them."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.contextvars import get_contextvars

from citeward.logs import get_logger, within_run
from citeward.project.starter import init_project
from citeward.testing.logs import captured_logs

ASKING = """
import asyncio, logging, sys
{configure}
from citeward import open_project

async def main():
    async with open_project({root!r}, keep_threads=False) as project:
        await project.agent().ask("Which port is opened by the harbour master?")

asyncio.run(main())
"""


def asked(root: Path, configure: str = "") -> subprocess.CompletedProcess[str]:
    code = ASKING.format(configure=configure, root=str(root))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init_project(tmp_path / "app")
    return tmp_path / "app"


def test_an_application_that_configured_no_logging_sees_nothing(project: Path) -> None:
    done = asked(project)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_application_that_configured_logging_sees_the_lines_without_what_was_asked(project: Path) -> None:
    done = asked(project, "logging.basicConfig(level=logging.INFO)")
    line = next(line for line in done.stderr.splitlines() if "route.chosen" in line)
    assert line.startswith("INFO:citeward.nodes.route:route.chosen ")
    assert "model='extractive'" in line
    assert "harbour" not in done.stderr
    assert done.stdout == ""


def test_a_handler_finds_the_event_and_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        get_logger("citeward.example").warning("cargo.lost", share=0.5, name="50 %s")
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("citeward.example", "WARNING")
    assert record.getMessage() == "cargo.lost share=0.5 name='50 %s'"
    assert vars(record)["event"] == "cargo.lost"
    assert vars(record)["fields"] == {"share": 0.5, "name": "50 %s"}


def test_an_exception_comes_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        {}["cargo"]
    except KeyError:
        get_logger("citeward.example").exception("cargo.lost")
    assert caplog.records[0].exc_info is not None
    assert "KeyError" in caplog.text


def test_lines_within_a_run_name_it() -> None:
    with captured_logs() as logs, within_run("r1"):
        get_logger("citeward.example").info("cargo.loaded", crates=3)
    assert logs == [{"run_id": "r1", "crates": 3, "event": "cargo.loaded", "log_level": "info"}]
    assert get_contextvars() == {}


def test_every_module_logs_through_the_standard_library(repository: Path) -> None:
    told = [path for path in (repository / "citeward").rglob("*.py") if "structlog.get_logger" in path.read_text()]
    assert told == []
