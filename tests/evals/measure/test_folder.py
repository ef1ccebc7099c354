import json
from pathlib import Path

import pytest

from citeward.errors import DataError
from citeward.evals.measure.folder import filler, read_folder
from citeward.ingest.chunk import Chunker
from citeward.retrieval.place import placed


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


async def test_documents_are_cut_and_stored_as_indexing_does(folder: Path, store, embedder) -> None:
    documents = read_folder(folder).documents
    assert await filler(store, embedder)(documents) == await store.count() == 3
    store.kept.clear()
    passages = await filler(store, embedder, Chunker(max_tokens=10, min_tokens=1))(documents)
    assert passages == await store.count() > 3
    for document, chunk, vector in store.kept:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert (vector == (await embedder.embed([placed(chunk.text, title=document.title, meta=chunk.meta)]))[0]).all()
