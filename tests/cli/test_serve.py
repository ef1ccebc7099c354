"""`citeward serve` as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from citeward.project.starter import init_project

QUESTION = "Which port does the harbour master open?"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, list[dict[str, Any]], subprocess.Popen[str]]]:
    """Where it answers, and the lines of its log so far, each parsed."""
    init_project(tmp_path / "app")
    command = [sys.executable, "-m", "citeward", "serve", "--project", str(tmp_path / "app"), "--port", "0"]
    environment = {**os.environ, "COLUMNS": "200"}
    lines: list[dict[str, Any]] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        log, found = process.stderr, None
        while found is None and (line := log.readline()):
            lines.append(json.loads(line))
            found = re.search(r"http://127\.0\.0\.1:\d+", lines[-1]["event"])
        reader = threading.Thread(target=lambda: lines.extend(json.loads(line) for line in log))
        reader.start()
        assert found is not None, lines
        try:
            yield found.group(), lines, process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
            reader.join()


def test_it_logs_json_with_the_run_and_without_the_question(
    served: tuple[str, list[dict[str, Any]], subprocess.Popen[str]],
) -> None:
    url, lines, process = served
    answer = httpx.post(f"{url}/invoke", json={"input": {"question": QUESTION}}, timeout=60)
    assert answer.status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(20) is not None
    assert process.stdout is not None
    assert process.stdout.read() == ""
    run_id = answer.json()["output"]["run_id"]
    chosen = next(line for line in lines if line["event"] == "route.chosen")
    assert chosen["run_id"] == run_id
    assert chosen["level"] == "info"
    assert chosen["logger"] == "citeward.nodes.route"
    assert chosen["model"] == "extractive"
    assert any("POST /invoke" in line["event"] for line in lines)
    assert "harbour" not in json.dumps(lines)
