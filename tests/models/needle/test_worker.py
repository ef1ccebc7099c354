import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import ModelUnavailable
from citeward.models.needle.process import find_needle
from citeward.models.needle.worker import read_message, serve, write_message

REQUEST = {"system": "", "tools": "[]", "question": "hello", "tokens": 16}


@given(st.lists(st.dictionaries(st.text(), st.text(), max_size=3), max_size=4))
def test_messages_come_back_as_they_went(messages):
    stream = io.BytesIO()
    for message in messages:
        write_message(stream, message)
    stream.seek(0)
    assert [read_message(stream) for _ in messages] == messages
    assert read_message(stream) is None


def test_a_message_cut_short_is_the_end_of_the_stream():
    stream = io.BytesIO()
    write_message(stream, {"a": "b"})
    for length in range(len(stream.getvalue())):
        assert read_message(io.BytesIO(stream.getvalue()[:length])) is None


def test_where_the_engine_cannot_be_loaded_every_answer_says_so(tmp_path):
    requests, answers = io.BytesIO(), io.BytesIO()
    for _ in range(2):
        write_message(requests, REQUEST)
    requests.seek(0)
    serve(requests, answers, tmp_path / "library", tmp_path / "weights")
    answers.seek(0)
    for _ in range(2):
        answer = read_message(answers)
        assert answer["fatal"]
        assert "weights" in answer["error"]


def test_the_worker_never_loads_the_package_nor_anything_that_reaches_the_network():
    try:
        files = find_needle()
    except ModelUnavailable:
        pytest.skip("the extra 'needle' is not installed")
    script = (
        "import io, json, sys; from pathlib import Path; from citeward.models.needle.worker import *\n"
        f"asked, said = io.BytesIO(), io.BytesIO(); write_message(asked, {REQUEST!r}); asked.seek(0)\n"
        f"serve(asked, said, Path({str(files.library)!r}), Path({str(files.weights)!r})); said.seek(0)\n"
        "print(json.dumps([read_message(said), sorted(sys.modules)]))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=Path(__file__).parent)
    answer, modules = json.loads(ran.stdout)
    assert json.loads(answer["answer"])["success"]
    assert not {"needle", "socket", "ssl", "urllib.request", "http.client"} & set(modules)
