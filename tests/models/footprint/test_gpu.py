from pathlib import Path

import pytest

from citeward.errors import BadResponse, ModelUnavailable
from citeward.models.footprint.gpu import Gpu, read_gpus

GIB = 1024**3


def program(folder: Path, script: str) -> str:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_each_line_is_a_gpu(tmp_path: Path) -> None:
    lines = r"printf '0, NVIDIA H200, 143360, 1024, 142336, 37\n1, Odd, Name, 1024, 0, 1024, [N/A]\n'"
    first, second = read_gpus(program(tmp_path, lines))
    assert first == Gpu(index=0, name="NVIDIA H200", memory=140 * GIB, used=GIB, free=139 * GIB, busy=0.37)
    assert (second.name, second.busy) == ("Odd, Name", None)


def test_it_asks_for_the_fields_it_reads(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    assert read_gpus(program(tmp_path, f'echo "$@" > {asked}')) == ()
    assert asked.read_text().split()[0] == (
        "--query-gpu=index,name,memory.total,memory.used,memory.free,utilization.gpu"
    )


def test_a_machine_without_a_driver_has_none(tmp_path: Path) -> None:
    assert read_gpus(str(tmp_path / "nvidia-smi")) == ()


def test_a_driver_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    failing = program(tmp_path, "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    with pytest.raises(ModelUnavailable, match="version mismatch"):
        read_gpus(failing)


def test_what_cannot_be_read_is_shown(tmp_path: Path) -> None:
    with pytest.raises(BadResponse, match="'No devices were found'"):
        read_gpus(program(tmp_path, "echo 'No devices were found'"))
