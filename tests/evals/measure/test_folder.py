import json
from pathlib import Path

import pytest

from citeward.contracts.retrieval import Chunk, Document
from citeward.errors import DataError
from citeward.evals.measure.folder import filler, read_folder


def test_a_folder_gives_documents_and_questions(folder: Path) -> None:
    labelled = read_folder(folder)
    assert [document.id for document in labelled.documents] == ["tower", "river", "cake"]
    assert labelled.documents[0].title == "Tower"
    assert labelled.questions[0].answers == ("330 metres",)


def test_a_limit_draws_questions_and_keeps_every_document(folder: Path) -> None:
    labelled = read_folder(folder, limit=2, seed=1)
    assert (len(labelled.documents), len(labelled.questions)) == (3, 2)
    assert read_folder(folder, limit=2, seed=1) == labelled


def test_a_question_about_an_unknown_document_is_an_error(folder: Path) -> None:
    with (folder / "questions.jsonl").open("a") as file:
        file.write(json.dumps({"id": "5", "question": "Why?", "relevant": ["moon"]}) + "\n")
    with pytest.raises(DataError, match="'5' names the document 'moon'"):
        read_folder(folder)


def test_ids_must_be_unique_and_files_be_there(folder: Path) -> None:
    with (folder / "documents.jsonl").open("a") as file:
        file.write(json.dumps({"id": "cake", "text": "again"}) + "\n")
    with pytest.raises(DataError, match="'cake' stands there twice"):
        read_folder(folder)
    with pytest.raises(DataError, match="No such file"):
        read_folder(folder / "nowhere")


async def test_each_document_gets_its_own_passages_and_vectors(folder: Path, store, embedder) -> None:
    def halves(document: Document) -> list[Chunk]:
        if document.id == "river":
            return []
        middle = len(document.text) // 2
        spans = [(0, middle), (middle, len(document.text))]
        return [Chunk(ordinal=i, text=document.text[a:b], start=a, end=b) for i, (a, b) in enumerate(spans)]

    passages = await filler(store, embedder, halves)(read_folder(folder).documents)
    assert passages == await store.count() == 4
    for _, chunk, vector in store.kept:
        assert (vector == (await embedder.embed([chunk.text]))[0]).all()
