import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citeward.evals.measure.folder import read_folder

TEXTS = {
    "harbour": "Ships wait outside the harbour until the tide is high enough to carry them in.",
    "bread": "Knead the dough for ten minutes, let it rise twice, and bake it in a hot oven.",
    "stars": "Astronomers measure how far a star is by how its place shifts within half a year.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "labelled"
    path.mkdir()
    documents = [{"id": key, "text": text, "title": key.title()} for key, text in TEXTS.items()]
    questions = [{"id": key, "question": f"What about {key}?", "relevant": [key]} for key in TEXTS]
    for name, lines in (("documents", documents), ("questions", questions)):
        (path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def test_peers_get_the_vectors_that_were_stored(load: Callable[[str], Any], folder: Path, tmp_path: Path) -> None:
    found = await load("systems").search_all(read_folder(folder), tmp_path / "store")
    assert found.corpus.documents == {f"{key}#0": key for key in TEXTS}
    assert found.corpus.texts[0] == f"Harbour\n{TEXTS['harbour']}"
    assert found.corpus.vectors.shape == found.corpus.question_vectors.shape == (3, 384)
    for rankings in found.rankings.values():
        assert [ranking[0] for ranking in rankings] == list(TEXTS)


def test_ours_stand_beside_the_peers_and_are_paired_with_the_best(
    load: Callable[[str], Any],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    retrieval, peers = load("retrieval"), load("peers")
    right = [[f"{key}#0"] for key in TEXTS]
    systems = {
        name: peers.Answers(about="", rankings=rankings, seconds=[0.001, 0.002, 0.003], build=0.0)
        for name, rankings in (("perfect", right), ("hopeless", right[::-1]))
    }
    peer = peers.Peer(name="Made up", versions={"made-up": "1"}, systems=systems)
    monkeypatch.setattr(retrieval, "run_peers", lambda *_, **__: [peer])
    perfect = {"value": 1.0, "low": 0.4, "high": 1.0}
    metrics = {f"hybrid.{name}": perfect for name in retrieval.NAMES if name != "precision@3"}
    third = {"hybrid.precision@3": {**perfect, "value": 1 / 3, "low": 0.1}}
    measured = load("parts").Measured(dataset="made-up", result={"metrics": metrics | third})
    dataset = load("datasets").Dataset(part="retrieval", name="made-up", path=folder)
    compared = retrieval.compare(dataset, measured, tmp_path / "scratch", limit=None, seed=0)
    assert [row.system for row in compared.rows] == ["citeward hybrid", "Made up perfect", "Made up hopeless"]
    assert compared.rows[2].metrics["mrr@3"].value == pytest.approx(1 / 3)
    assert {one.peer for one in compared.differences} == {"Made up perfect"}
    assert {one.interval.value for one in compared.differences} == {0.0}
    written = compared.to_dict()
    assert written["metrics"]["citeward hybrid-best_peer.mrr@3"]["value"] == 0.0
    assert written["settings"]["peers"] == ["Made up (made-up 1)"]
    json.dumps(written, allow_nan=False)
    retrieval.show(compared)
    said = capsys.readouterr().out
    assert "Made up hopeless" in said
    assert "when repeated" not in said


def test_peers_are_judged_by_documents_each_once(load: Callable[[str], Any], folder: Path) -> None:
    judged = load("retrieval")._judged([["bread", "bread", "harbour"], [], ["stars"]], read_folder(folder))
    names = load("retrieval").NAMES
    assert np.allclose(judged[:, names.index("mrr@3")], [1 / 2, 0, 1])
