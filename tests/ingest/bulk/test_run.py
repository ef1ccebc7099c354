"""Runs `cluster_cases.py` in a process of its own, and tells what became of each case."""

import ast
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed")
pytestmark = pytest.mark.slow
CASES = Path(__file__).with_name("cluster_cases.py")
NAMES = [
    node.name
    for node in ast.parse(CASES.read_text()).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
]
TRIES = 3
"""A process that Ray ended is started again, as a person would run the command again; a failed case is not."""
SECONDS = 300


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> dict[str, str]:
    """What each case printed where it failed; empty where it passed."""
    folder = tmp_path_factory.mktemp("cases")
    said = ""
    for number in range(TRIES):
        report = folder / f"{number}.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", f"--basetemp={folder / str(number)}"]
        done = subprocess.run(
            [*command, str(CASES)],
            cwd=repository,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            start_new_session=True,
            check=False,
        )
        if report.exists():
            cases = ElementTree.parse(report).iter("testcase")
            return {case.attrib["name"]: "".join(bad.text or "no text" for bad in case) for case in cases}
        said = f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    pytest.fail(f"the process of the cases was ended {TRIES} times:\n{said}")


@pytest.mark.parametrize("name", NAMES)
def test_on_a_cluster(name: str, outcomes: dict[str, str]) -> None:
    assert name in outcomes, f"not run; these were: {', '.join(outcomes) or 'none'}"
    assert not outcomes[name], outcomes[name]
