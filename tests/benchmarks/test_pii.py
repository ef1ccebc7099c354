import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PEER = """
import json, sys
name, source, output = sys.argv[1:]
texts = json.loads(open(source).read())
answer = {"missing": "no such thing"}
if name == "presidio":
    found = [[["PERSON", 0, 3, 0.9]] if text.startswith("Ada") else [] for text in texts]
    answer = {"about": "made up", "findings": found, "cpu": [0.002 for _ in texts]}
open(output, "w").write(json.dumps(answer))
"""


@pytest.fixture
def pii(load: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = load("pii")
    monkeypatch.setenv("CITEWARD_BENCH_PYTHON", sys.executable)
    (tmp_path / "pii_peer.py").write_text(PEER, "utf-8")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module.model, "installed", lambda: False)
    return module


def test_a_peer_is_counted_as_our_guard_is_and_one_that_cannot_run_is_named(pii: Any, tmp_path: Path) -> None:
    data = tmp_path / "pii.jsonl"
    items = [
        {"text": "Ada counts", "spans": [{"start": 0, "end": 3, "label": "FIRST_NAME"}]},
        {"text": "Bob sleeps", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]},
    ]
    data.write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    compared = pii.run(data, "The treaty was signed. " * 20, tmp_path, seed=0)
    assert compared.peers["made up"].metrics["PERSON.recall"].value == 0.5
    assert compared.request["made up"].value == pytest.approx(2)
    assert compared.skipped == {"llm_guard": "no such thing"}
    assert set(compared.stream) == {"policy"} and compared.stream["policy"].value > 0
    assert {"length", "injection", "pii"} <= compared.request.keys()
