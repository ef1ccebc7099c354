import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from citeward.errors import StoreError


def test_a_fill_tells_rate_memory_and_room(
    load: Callable[[str], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("CITEWARD_TEST_WEAVIATE", raising=False)
    ingest = load("ingest")
    filled = ingest.run(tmp_path, None, sizes=(300,))
    (one,) = filled
    assert (one.store, one.kind) == ("lancedb", "made-up")
    assert 300 <= one.passages < 5_000
    assert one.rate > 0
    assert 0 < one.memory_before < one.memory_peak
    assert one.disk is not None
    assert one.disk_later is not None
    assert 0 < one.disk_later < one.disk
    assert list(tmp_path.iterdir()) == []
    written = ingest.to_dict(filled, 0)
    assert written["metrics"]["lancedb.made-up.300.passages_per_second"] == {"value": one.rate}
    json.dumps(written, allow_nan=False)
    ingest.show(filled)
    assert "made-up" in capsys.readouterr().out


def test_a_fill_that_fails_is_an_error(load: Callable[[str], Any], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="'lancedb'"):
        load("ingest").run(tmp_path, tmp_path / "no_such.jsonl", sizes=())


def test_real_text_comes_again_in_another_order(load: Callable[[str], Any], tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    text = "The first one is short. The second one is longer. The third one ends it. A fourth one follows."
    path.write_text(json.dumps({"id": "a", "text": text, "title": "A"}) + "\n")
    first, second, third = islice(load("sources").real(path, 0), 3)
    assert first.text == text
    assert sorted(second.text.split()) == sorted(text.split())
    assert len({first.text, second.text, third.text}) == 3
    assert len({first.id, second.id, third.id}) == 3


def test_a_tap_closes_between_two_documents(load: Callable[[str], Any]) -> None:
    sources = load("sources")
    tap = sources.Tap()
    taken = []
    for document in tap.through(sources.made_up(load("synthetic").world())):
        taken.append(document.id)
        tap.open = len(taken) < 3
    assert taken == ["0000000", "0000001", "0000002"]
    assert tap.seconds > 0
