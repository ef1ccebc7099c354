import io
import subprocess
import sys

import pytest

from citeward.workers import end_worker, read_frame, write_frame


def test_frames_come_back_one_by_one_and_then_none() -> None:
    stream = io.BytesIO()
    for body in (b"one", b"", b"\x00" * 70_000):
        write_frame(stream, body)
    stream.seek(0)
    assert [read_frame(stream) for _ in range(4)] == [b"one", b"", b"\x00" * 70_000, None]


@pytest.mark.parametrize("cut", [1, 3, 4, 8])
def test_a_frame_that_was_cut_off_is_none(cut: int) -> None:
    stream = io.BytesIO()
    write_frame(stream, b"12345")
    assert read_frame(io.BytesIO(stream.getvalue()[:cut])) is None


def test_a_frame_that_is_longer_than_asked_for_is_none() -> None:
    stream = io.BytesIO()
    write_frame(stream, b"12345")
    assert read_frame(io.BytesIO(stream.getvalue()), 4) is None
    assert read_frame(io.BytesIO(stream.getvalue()), 5) == b"12345"


@pytest.mark.parametrize("program", ["import sys; sys.stdin.read()", "import time; time.sleep(600)"])
def test_a_worker_ends_whether_it_heeds_the_end_of_its_input_or_not(program: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    end_worker(process)
    assert process.returncode is not None
