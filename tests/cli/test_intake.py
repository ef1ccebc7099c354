from collections.abc import Iterator
from pathlib import Path

from citeward.cli.intake import Intake
from citeward.contracts.retrieval import Document
from citeward.ingest.load import Skipped
from citeward.ingest.sync import SyncReport


def _read(path: Path) -> Iterator[Document]:
    for number, line in enumerate(path.read_text().splitlines()):
        yield Document(id=f"{path.name}/{number}", text=line, source=path.name)


def test_a_file_is_done_with_when_all_of_its_documents_are(tmp_path: Path) -> None:
    for name, text in (("a.jsonl", "1\n2\n3\n"), ("b.jsonl", ""), ("c.jsonl", "4")):
        (tmp_path / name).write_text(text)
    missing = Skipped(id="x", source="x", reason="unreadable")
    intake = Intake([tmp_path / "a.jsonl", missing, tmp_path / "b.jsonl", tmp_path / "c.jsonl", tmp_path / "gone"])
    items = intake.items(lambda path: _read(path) if path.exists() else iter(()))
    assert len(list(items)) == 5
    steps = [intake.step(SyncReport(seen=seen)) for seen in range(6)]
    assert [step.done for step in steps] == [0, 0, 0, 1, 3, 5]
    assert [step.total for step in steps] == [5] * 6
    assert steps[3].share == 7 / 12 and steps[5].share == 1.0


def test_files_that_are_read_elsewhere_are_counted_by_their_documents(tmp_path: Path) -> None:
    intake = Intake([tmp_path / "a", tmp_path / "b"])
    assert [intake.step(SyncReport(seen=seen), in_order=False).done for seen in (0, 1, 2, 9)] == [0, 1, 2, 2]
