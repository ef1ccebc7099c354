import os
import subprocess
import sys
from pathlib import Path

import pytest

from citeward.models.footprint import machine
from citeward.models.footprint.machine import process_memory, read_machine

MIB = 1024 * 1024


def test_the_machine_has_processors_and_memory() -> None:
    read = read_machine()
    assert read.cpus >= 1
    assert read.memory and read.process
    assert read.process < read.memory


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what a process holds now")
def test_what_a_process_and_its_children_hold_is_counted() -> None:
    before = process_memory()
    held = bytearray(os.urandom(1)) * (64 * MIB)
    after = process_memory()
    assert before and after
    assert after - before > 48 * MIB
    del held
    program = f"import sys; held = bytearray(b'x') * {64 * MIB}; print(len(held), flush=True); sys.stdin.read()"
    before = process_memory()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout and child.stdin and before
        child.stdout.readline()
        with_child = process_memory()
        child.stdin.close()
    assert with_child
    assert with_child - before > 48 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_a_containers_limit_is_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, used = tmp_path / "memory.max", tmp_path / "memory.current"
    limit.write_text(f"{64 * MIB}\n")
    used.write_text(f"{24 * MIB}\n")
    monkeypatch.setattr(machine, "_LIMITS", (limit,))
    monkeypatch.setattr(machine, "_USED", (used,))
    read = read_machine()
    assert (read.memory, read.available) == (64 * MIB, 40 * MIB)
    limit.write_text("max\n")
    assert (read_machine().memory or 0) > 64 * MIB


def test_a_system_that_tells_nothing_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROC", tmp_path)
    monkeypatch.setattr(machine, "_LIMITS", ())
    assert read_machine().available is None
