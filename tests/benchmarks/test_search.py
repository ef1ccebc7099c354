import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_every_kind_of_search_is_timed_at_every_size(
    load: Callable[[str], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    search = load("search")
    for name, value in {"QUERIES": 6, "WARM": 2, "CLIENTS": (1, 4), "PEER_SYSTEMS": ("no:peer",)}.items():
        monkeypatch.setattr(search, name, value)
    monkeypatch.setenv("CITEWARD_BENCH_PYTHON", sys.executable)
    monkeypatch.delenv("CITEWARD_TEST_WEAVIATE", raising=False)
    found = search.run(tmp_path, sizes=(80, 200))
    assert "weaviate: skipped" in capsys.readouterr().out
    written = found.to_dict()
    for size in (80, 200):
        for kind in search.KINDS:
            assert written["metrics"][f"lancedb.{size}.{kind}.ms.p50"]["value"] > 0
        assert written["metrics"][f"lancedb.{size}.hybrid.clients4.per_second"]["value"] > 0
    assert written["items"] == 2 * 6 * (len(search.KINDS) + 2)
    json.dumps(written, allow_nan=False)
    load("latencies").show(found)
    assert "hybrid, year >= 2015" in capsys.readouterr().out


async def test_clients_share_the_questions_between_them(load: Callable[[str], Any]) -> None:
    asked: list[int] = []

    async def search(query: int) -> None:
        asked.append(query)

    times = await load("search")._together(search, list(range(50)), 7)
    assert sorted(asked) == list(range(50))
    assert len(times) == 50
