"""The parts that a project searches with."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from citeward.cli import main
from citeward.project.declared import read_project
from citeward.project.opened import open_project
from citeward.project.retrieval import open_retrieval
from citeward.project.starter import init_project
from citeward.retrieval.embedding.minilm import MiniLM

QUESTION = "When does the harbour master open the port of Lund?"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The starter project with one document, indexed."""
    root = tmp_path / "app"
    init_project(root)
    for page in (root / "docs").iterdir():
        page.unlink()
    text = "# Ports\n\nThe harbour master opens the port of Lund at seven o'clock. It closes at nine.\n"
    (root / "docs" / "ports.md").write_text(text)
    assert main(["index", "--project", str(root)]) == 0
    return root


async def test_in_a_run_each_text_is_embedded_at_most_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: Counter[str] = Counter()
    each = MiniLM._each

    async def counting(self: MiniLM, texts: Sequence[str], read: Any) -> list[Any]:
        embedded.update(texts)
        return await each(self, texts, read)

    monkeypatch.setattr(MiniLM, "_each", counting)
    async with open_project(root, keep_threads=False) as project:
        embedded.clear()
        first = await project.agent().ask(QUESTION)
        assert first.citations
        assert embedded[QUESTION] == 1
        assert max(embedded.values()) == 1, embedded.most_common(3)
        embedded.clear()
        again = await project.agent().ask("When is the port of Lund opened by the harbour master?")
    assert again.text
    assert max(embedded.values()) == 1
    assert QUESTION not in embedded


async def test_a_store_that_is_filled_beside_the_live_one_needs_no_reranker(root: Path) -> None:
    project = read_project(root)
    async with open_retrieval(project) as live:
        assert live.reranker is not None
    async with open_retrieval(project, beside=True) as beside:
        assert beside.reranker is None
        assert beside.packer is not None
